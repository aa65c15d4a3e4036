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
NEEDED = ("pytest", "hypothesis", "pyarrow", "polars", "pandas", "duckdb")


def main():
    if reason := build_wheel.what_is_missing(SOURCE, NEEDED):
        print(f"skipped: {reason}")
        sys.exit(77)
    site = WORK / "site"
    print("wheel:", build_wheel.build(SOURCE, BUILD, site), flush=True)
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "QUIVER_SOURCE": str(SOURCE)}
    tests = subprocess.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", SOURCE / "python/tests", *sys.argv[3:]],
                           env=environment, cwd=WORK)
    sys.exit(tests.returncode)


if __name__ == "__main__":
    main()
