#!/usr/bin/env python3
"""Builds the wheel, installs it beside a clean environment's packages, and runs the tests on it.

Usage: run.py SOURCE_DIRECTORY BUILD_DIRECTORY [PYTEST_ARGUMENT...]

The engine in the wheel is the one that BUILD_DIRECTORY has built, so that it is not compiled twice (build_wheel.py). Exit status
77, with the reason, where a tool is missing.
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import build_wheel

SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
PYTHON = SOURCE / "build/venv/bin/python"
WORK = BUILD / "python"
NEEDED = ("nanobind", "scikit_build_core", "pytest", "hypothesis", "pyarrow", "polars", "pandas", "duckdb")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def main():
    if not PYTHON.exists():
        skip("there is no build/venv (scripts/bootstrap.sh test makes it)")
    missing = [name for name in NEEDED if subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True).returncode]
    if missing:
        skip(f"build/venv lacks {', '.join(missing)} (scripts/bootstrap.sh test installs them from PyPI)")
    include = subprocess.run([PYTHON, "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"], capture_output=True, text=True)
    if not (pathlib.Path(include.stdout.strip()) / "Python.h").exists():
        skip("Python.h is missing: install python3-dev (scripts/bootstrap.sh test does it)")

    site = WORK / "site"
    print("wheel:", build_wheel.build(SOURCE, BUILD, site), flush=True)
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "QUIVER_SOURCE": str(SOURCE)}
    tests = subprocess.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", SOURCE / "python/tests", *sys.argv[3:]],
                           env=environment, cwd=WORK)
    sys.exit(tests.returncode)


if __name__ == "__main__":
    main()
