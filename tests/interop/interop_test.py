#!/usr/bin/env python3
"""Real Arrow readers read Quiver's tables, and Quiver reads what real writers wrote.

Usage: interop_test.py QUIVER_COMMAND BUILD_DIRECTORY

Databases are made with the command, for each compression and for fixed and variable widths. Every
table in them is read by pyarrow (validated in full), polars and, where it is not compressed,
apache-arrow for JavaScript; all must agree, and the live rows must be the ones that were put. Then
`quiver load` reads files that pyarrow and polars wrote, and pyarrow reads what `quiver dump` wrote.
Exit status 77, with the reason, where the readers are not installed.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
QUIVER = sys.argv[1]
PYTHON = SOURCE / "build/venv/bin/python"
checks = 0


def run(*arguments, **options):
    done = subprocess.run([str(part) for part in arguments], capture_output=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"FAILED: {' '.join(map(str, arguments))}\n{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def rows_for(fixed):
    if fixed:
        return {f"key{i:09d}": f"value{i:07d}" * 4 for i in range(3000)}
    return {f"user/{i % 97:03d}/{i}": "v" * (i % 200) + str(i) for i in range(3000)}


def make_database(directory, compression, fixed):
    flags = ["--compression", compression, "--compression-bottom", compression, "--wal-mode", "async",
             "--block-size", "4KiB", "--value-chunk-bytes", "1KiB", "--table-size", "64KiB"]
    if fixed:
        flags += ["--key-width-bytes", "12", "--value-width-bytes", "48"]
    rows = rows_for(fixed)
    lines = "\n".join(json.dumps({"key": key, "value": value}) for key, value in rows.items())
    run(QUIVER, "load", directory, "-", *flags, input=lines.encode())
    run(QUIVER, "compact", directory)
    # A second run above the first, with deletes and new versions in it.
    for key in list(rows)[::500]:
        run(QUIVER, "delete", directory, key)
        del rows[key]
    run(QUIVER, "flush", directory)
    return rows


def live_rows(paths):
    """The rows a database shows, found by pyarrow from its tables alone."""
    script = ("import sys, json, pyarrow as pa, pyarrow.ipc as ipc\n"
              "t = pa.concat_tables([ipc.open_file(p).read_all() for p in sys.argv[1:]])\n"
              "t = t.sort_by([('key', 'ascending'), ('sequence', 'descending')])\n"
              "rows, last = {}, None\n"
              "for k, v, o in zip(t['key'].to_pylist(), t['value'].to_pylist(), t['operation'].to_pylist()):\n"
              "    if k != last and o == 0: rows[k.decode()] = v.decode()\n"
              "    last = k\n"
              "print(json.dumps(rows))\n")
    return json.loads(run(PYTHON, "-c", script, *paths))


def check_tables(directory, rows, compression, have_node):
    tables = sorted(directory.glob("*.arrow"))
    check(len(tables) >= 2, f"{directory} has several tables")
    by_python = [json.loads(line) for line in run(PYTHON, HERE / "check_arrow.py", *tables).splitlines()]
    check(len(by_python) == len(tables), "pyarrow and polars read every table and agree")
    if compression == "none" and have_node:
        by_node = [json.loads(line) for line in run("node", HERE / "check_arrow.mjs", *tables).splitlines()]
        for ours, theirs in zip(by_python, by_node):
            check(ours["digest"] == theirs["digest"] and ours["rows"] == theirs["rows"],
                  f"JavaScript and Python agree on {ours['file']}")
    check(live_rows(tables) == rows, f"the live rows of {directory.name} are the rows that were put")


def check_foreign(work):
    made = work / "foreign"
    made.mkdir()
    for line in run(PYTHON, HERE / "make_arrow.py", made).splitlines():
        row = json.loads(line)
        path = pathlib.Path(row["file"])
        path = path if path.is_absolute() else made / path
        target = work / ("loaded-" + path.stem)
        done = subprocess.run([QUIVER, "load", target, path, "--wal-mode", "async"], capture_output=True)
        if "refused" in row:
            check(done.returncode == 1, f"{path.name} is refused")
        else:
            text = done.stderr.decode()
            check(done.returncode == 0 or "null" in text, f"{path.name} is loaded: {text}")


def check_dump(work, directory, rows):
    file = work / "dump.arrow"
    run(QUIVER, "dump", directory, "--arrow", file)
    script = ("import sys, json, pyarrow.ipc as ipc\n"
              "t = ipc.open_file(sys.argv[1]).read_all(); t.validate(full=True)\n"
              "print(json.dumps({k.decode(): v.decode() for k, v in zip(t['key'].to_pylist(), t['value'].to_pylist())}))\n")
    check(json.loads(run(PYTHON, "-c", script, file)) == rows, "pyarrow reads what dump wrote")
    again = work / "again"
    run(QUIVER, "load", again, file, "--wal-mode", "async")
    dumped = [json.loads(line) for line in run(QUIVER, "dump", again).splitlines()]
    check({row["key"]: row["value"] for row in dumped} == rows, "load reads what dump wrote")


def check_readme(work):
    """The README's Python, as it stands there, on a database made as the README does."""
    fruit = work / "fruit"
    run(QUIVER, "put", fruit, "apple", "red")
    run(QUIVER, "flush", fruit)
    blocks = [part.split("```")[0] for part in (SOURCE / "README.md").read_text().split("```python\n")[1:]]
    code = next(block for block in blocks if "quiver.Database" not in block)  # that one is python/tests'
    shown = run(PYTHON, "-c", code.replace("/tmp/fruit", str(fruit))).decode()
    check("key: binary" in shown and "operation: uint8" in shown, f"the README's Python shows the table: {shown}")


def main():
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import pyarrow, polars"], capture_output=True).returncode:
        print("skipped: pyarrow and polars are not installed (scripts/bootstrap.sh test installs them from PyPI)")
        return 77
    have_node = shutil.which("node") is not None and (SOURCE / "build/node/node_modules/apache-arrow").exists()
    if not have_node:
        print("skipped in part: apache-arrow for JavaScript is not installed")
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        for compression in ("none", "lz4", "zstd"):
            for fixed in (False, True):
                directory = work / f"{compression}-{'fixed' if fixed else 'variable'}"
                rows = make_database(directory, compression, fixed)
                check_tables(directory, rows, compression, have_node)
                if compression == "zstd" and not fixed:
                    check_dump(work, directory, rows)
        check_foreign(work)
        check_readme(work)
    print(f"interop: {checks} checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
