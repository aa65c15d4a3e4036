#!/usr/bin/env python3
"""Runs arrow_stream_test.py with the Python that has the consumers.

Usage: arrow_stream_run.py LIBRARY       Exit status 77, with the reason, where they are not installed.
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parent.parent / "build/venv/bin/python"

imports = "import pyarrow, polars, pandas, duckdb"
if not PYTHON.exists() or subprocess.run([PYTHON, "-c", imports], capture_output=True).returncode:
    print("skipped: pyarrow, polars, pandas and duckdb are not installed "
          "(scripts/bootstrap.sh test installs them from PyPI)")
    sys.exit(77)
sys.exit(subprocess.run([PYTHON, HERE / "arrow_stream_test.py", sys.argv[1]]).returncode)
