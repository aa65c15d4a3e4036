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


def what_is_missing(source, packages):
    """The reason why the wheel cannot be built, or used together with these packages; nothing if it can."""
    python = source / "build/venv/bin/python"
    if not python.exists():
        return "there is no build/venv (scripts/bootstrap.sh test makes it)"
    needed = ("nanobind", "scikit_build_core", *packages)
    if missing := [name for name in needed if subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode]:
        return f"build/venv lacks {', '.join(missing)} (scripts/bootstrap.sh test installs them from PyPI)"
    include = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"], capture_output=True, text=True)
    if not (pathlib.Path(include.stdout.strip()) / "Python.h").exists():
        return "Python.h is missing: install python3-dev (scripts/bootstrap.sh test does it)"
    return None


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
