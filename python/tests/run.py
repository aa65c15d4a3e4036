#!/usr/bin/env python3
"""Builds the wheel, installs it beside a clean environment's packages, and runs the tests on it.

Usage: run.py SOURCE_DIRECTORY BUILD_DIRECTORY [PYTEST_ARGUMENT...]

The wheel is a real one, made by pip and scikit-build-core; the engine in it is the one that BUILD_DIRECTORY has built, so
that it is not compiled twice. Exit status 77, with the reason, where a tool is missing.
"""
import os
import pathlib
import shutil
import subprocess
import sys

SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
PYTHON = SOURCE / "build/venv/bin/python"
WORK = BUILD / "python"
NEEDED = ("nanobind", "scikit_build_core", "pytest", "hypothesis", "pyarrow", "polars", "pandas", "duckdb")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stdout}")


def main():
    if not PYTHON.exists():
        skip("there is no build/venv (scripts/bootstrap.sh test makes it)")
    missing = [name for name in NEEDED if subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True).returncode]
    if missing:
        skip(f"build/venv lacks {', '.join(missing)} (scripts/bootstrap.sh test installs them from PyPI)")
    include = subprocess.run([PYTHON, "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"], capture_output=True, text=True)
    if not (pathlib.Path(include.stdout.strip()) / "Python.h").exists():
        skip("Python.h is missing: install python3-dev (scripts/bootstrap.sh test does it)")

    engine, wheels, site = WORK / "engine", WORK / "wheels", WORK / "site"
    for directory in (wheels, site):
        shutil.rmtree(directory, ignore_errors=True)
    run("cmake", "--install", BUILD, "--prefix", engine)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet")
    environment = {**os.environ, "CMAKE_GENERATOR": "Ninja"}
    if launcher := shutil.which("ccache"):
        environment["CMAKE_CXX_COMPILER_LAUNCHER"] = launcher
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, f"--config-settings=build-dir={WORK / 'wheel'}",
        f"--config-settings=cmake.define.quiver_ROOT={engine}", SOURCE / "python", env=environment)
    [wheel] = wheels.glob("*.whl")
    run(*pip, "install", "--no-deps", "--no-index", "--target", site, wheel)
    print(f"wheel: {wheel.name}, {wheel.stat().st_size >> 10} KiB")
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "QUIVER_SOURCE": str(SOURCE)}
    tests = subprocess.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", SOURCE / "python/tests", *sys.argv[3:]],
                           env=environment, cwd=WORK)
    sys.exit(tests.returncode)


if __name__ == "__main__":
    main()
