"""Builds the wheel with an engine that is built already, and installs it into a folder for PYTHONPATH.

usage: build_wheel.py SOURCE_DIRECTORY BUILD_DIRECTORY SITE_DIRECTORY

The wheel is a real one, made by pip and scikit-build-core with the tools of build/venv. Several may build at the same time:
they wait for each other and then find the work done.
"""
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stdout}")


def build(source, build, site):
    python, work = source / "build/venv/bin/python", build / "python"
    engine, wheels = work / "engine", work / "wheels"
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(wheels, ignore_errors=True)
        run("cmake", "--install", build, "--prefix", engine)
        pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet")
        environment = {**os.environ, "CMAKE_GENERATOR": "Ninja"}
        if launcher := shutil.which("ccache"):
            environment["CMAKE_CXX_COMPILER_LAUNCHER"] = launcher
        run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, f"--config-settings=build-dir={work / 'wheel'}",
            f"--config-settings=cmake.define.quiver_ROOT={engine}", source / "python", env=environment)
        [wheel] = wheels.glob("*.whl")
        shutil.rmtree(site, ignore_errors=True)
        run(*pip, "install", "--no-deps", "--no-index", "--target", site, wheel)
        return f"{wheel.name}, {wheel.stat().st_size >> 10} KiB"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print("wheel:", build(*(pathlib.Path(argument).resolve() for argument in sys.argv[1:])))
