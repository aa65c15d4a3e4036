#!/usr/bin/env python3
"""pyarrow and Polars scan the directory that `quiver files` makes, and find exactly the live rows.

Usage: dataset_test.py QUIVER_COMMAND        Exit status 77, with the reason, where they are not installed.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PYTHON = pathlib.Path(__file__).resolve().parent.parent.parent / "build/venv/bin/python"
try:
    import polars
    import pyarrow.dataset
except ImportError:
    if PYTHON.exists() and pathlib.Path(sys.executable) != PYTHON:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
    print("skipped: pyarrow and polars are not installed (scripts/bootstrap.sh test installs them from PyPI)")
    sys.exit(77)

QUIVER = sys.argv[1]
SMALL = ["--table-size", "64KiB", "--wal-mode", "async"]


def run(*arguments, **options):
    subprocess.run([QUIVER, *map(str, arguments)], check=True, capture_output=True, **options)


def check_equal(found, expected, what):
    if found != expected:
        raise SystemExit(f"FAILED: {what}: {len(found)} rows, expected {len(expected)}")


def load(db, rows):
    run("load", db, "-", *SMALL,
        input="\n".join(json.dumps({"key": k, "value": v}) for k, v in rows.items()).encode())


def main():
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        rows = {f"user/{i:05d}": f"{i}:" + "v" * (i % 300) for i in range(5000)}
        load(work / "db", rows)
        run("flush", work / "db")
        newer = {key: "new" for key in list(rows)[::7]}
        load(work / "db", newer)
        rows |= newer
        for key in list(rows)[::1000]:
            run("delete", work / "db", key)
            del rows[key]
        run("files", work / "db", "--snapshot", work / "out", *SMALL)
        files = sorted((work / "out").glob("*.arrow"))
        assert len(files) > 1, "a dataset of several files"
        run("put", work / "db", "after", "the snapshot")
        run("compact", work / "db")

        table = pyarrow.dataset.dataset(work / "out", format="ipc").to_table()
        check_equal(sorted(zip(table["key"].to_pylist(), table["value"].to_pylist())),
                    sorted((k.encode(), v.encode()) for k, v in rows.items()), "pyarrow")
        frame = polars.scan_ipc(str(work / "out" / "*.arrow")).select("key", "value").collect()
        check_equal(sorted(frame.rows()), sorted((k.encode(), v.encode()) for k, v in rows.items()), "polars")
    print(f"dataset: {len(files)} files, {len(rows)} rows, read alike by pyarrow and polars")


main()
