"""The showcase in small: SQL over states of a database that is being written, against exports of them and against SQLite.

usage: showcase_test.py SOURCE_DIRECTORY BUILD_DIRECTORY     exit status 77, with the reason, where a tool is missing
"""
import os
import pathlib
import shutil
import subprocess
import sys

SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
sys.path.insert(0, str(SOURCE / "python"))
import build_wheel

WORK = BUILD / "showcase_test"
INDEX = pathlib.Path("/var/lib/dpkg/status")


def main():
    reason = build_wheel.what_is_missing(SOURCE, ("duckdb", "numpy", "pyarrow"))
    if not INDEX.exists():
        reason = f"there is no {INDEX}: this is not Debian"
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    shutil.rmtree(WORK, ignore_errors=True)
    print("wheel:", build_wheel.build(SOURCE, BUILD, WORK / "site"), flush=True)
    environment = {**os.environ, "PYTHONPATH": str(WORK / "site"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [SOURCE / "build/venv/bin/python", SOURCE / "examples/showcase/showcase.py", "--check", "--orders", "20000",
               "--index", INDEX, "--directory", WORK / "data"]
    done = subprocess.run(command, env=environment)
    shutil.rmtree(WORK)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
