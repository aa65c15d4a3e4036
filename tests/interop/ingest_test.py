#!/usr/bin/env python3
"""`quiver import` takes what pyarrow and polars write, and takes no harm from anything else.

Usage: ingest_test.py QUIVER_COMMAND

Files and streams of every column type, codec and order are imported over a database that has some of their keys; what
it then shows must be its rows with theirs put over them. Files that no database can take are refused by name and leave
everything as it was, and so do files that were cut short anywhere or have wrong bytes: no crash, no row of theirs.
Exit status 77, with the reason, where pyarrow and polars are not installed.
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parent.parent / "build/venv/bin/python"
QUIVER = sys.argv[1]
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def quiver(*arguments, stdin=b""):
    return subprocess.run([QUIVER, *map(str, arguments)], capture_output=True, input=stdin, timeout=120)


def rows_of(db):
    done = quiver("dump", db)
    check(done.returncode == 0, f"dump: {done.stderr.decode()}")
    return {row["key"]: row["value"] for row in map(json.loads, done.stdout.splitlines())}


def new_database(path, base):
    lines = "".join(json.dumps({"key": k, "value": v}) + "\n" for k, v in base.items())
    check(quiver("load", path, "-", "--wal-mode", "async", stdin=lines.encode()).returncode == 0, "load")


def shapes(work, base, template):
    made = subprocess.run([PYTHON, HERE / "make_ingest.py", work], capture_output=True, check=True, timeout=120)
    for number, line in enumerate(made.stdout.splitlines()):
        case = json.loads(line)
        db = work / f"db{number}"
        shutil.copytree(template, db)
        done = quiver("import", db, case["file"], *case["flags"])
        text = done.stderr.decode()
        if "refused" in case:
            check(done.returncode == 1 and case["refused"] in text, f"{case['file']} is refused: {text}")
            check(rows_of(db) == base, f"{case['file']} was refused and changed nothing")
        else:
            check(done.returncode == 0, f"{case['file']}: {text}")
            check(rows_of(db) == {**base, **case["rows"]}, f"{case['file']} is imported over the rows")
            check(quiver("verify", db).returncode == 0, f"{case['file']}: verify")
        shutil.rmtree(db)


def hostile(work, base, template):
    """Every cut, and random wrong bytes. A wrong byte may be one of a row: then the import may succeed."""
    source = random.Random(20261123)
    db = work / "hostile"
    for name in ("utf8_view-unsorted-None.arrow", "utf8_view-unsorted-None.arrows", "binary-sorted-zstd.arrow",
                 "binary-sorted-lz4.arrows"):
        whole = (work / name).read_bytes()
        file = work / "hostile.arrow"
        cuts = sorted({0, 1, 7, 8, 9, len(whole) - 1, len(whole) - 8, *(source.randrange(len(whole)) for _ in range(12))})
        for cut in cuts:
            file.write_bytes(whole[:cut])
            shutil.copytree(template, db)
            done = quiver("import", db, file)
            check(done.returncode == 1 and b"hostile.arrow" in done.stderr, f"{name} cut at {cut}: {done}")
            check(rows_of(db) == base, f"{name} cut at {cut} changed nothing")
            shutil.rmtree(db)
        for _ in range(25):
            wrong = bytearray(whole)
            for _ in range(source.randrange(1, 4)):
                wrong[source.randrange(len(wrong))] = source.randrange(256)
            file.write_bytes(wrong)
            shutil.copytree(template, db)
            done = quiver("import", db, file)
            check(done.returncode in (0, 1), f"{name} with wrong bytes: {done}")
            check(quiver("verify", db).returncode == 0, f"{name} with wrong bytes left a sound database")
            if done.returncode == 1:
                check(quiver("count", db).stdout == b"%d\n" % len(base), f"{name} with wrong bytes changed nothing")
            shutil.rmtree(db)


def several(work, base, template):
    db = work / "several"
    shutil.copytree(template, db)
    check(quiver("keyspace", "create", db, "in").returncode == 0, "keyspace create")
    files = [work / "utf8-repeated-None.arrow", work / "binary-unsorted-lz4.arrows"]
    check(quiver("import", db, *files, "--keyspace", "in").returncode == 0, "two files at once")
    check(rows_of(db) == base, "the default keyspace is as it was")
    check(quiver("count", db, "--keyspace", "in").stdout == b"4000\n", "the rows are in the keyspace")
    absent = quiver("import", db, work / "nowhere.arrow")
    check(absent.returncode == 3 and b"No such file" in absent.stderr, f"an absent file: {absent}")
    table = next(db.glob("*.arrow"))
    refused = quiver("import", db, table)
    check(refused.returncode == 1 and b"looks like a table of Quiver" in refused.stderr, f"a table of Quiver: {refused}")
    out = work / "out.arrow"
    check(quiver("export", db, "--keyspace", "in", "--format", "arrow", "--output", out).returncode == 0, "export")
    check(quiver("import", work / "again", out).returncode == 0, "import makes a database")
    check(quiver("dump", work / "again").stdout == quiver("dump", db, "--keyspace", "in").stdout, "export and import agree")
    # Expiries of an export are a column that pyarrow reads.
    check(quiver("put", db, "soon", "gone", "--ttl", "1h").returncode == 0, "put --ttl")
    out.unlink()
    check(quiver("export", db, "--format", "arrow", "--output", out, "--expiry").returncode == 0, "export --expiry")
    code = f"import pyarrow.ipc; t = pyarrow.ipc.open_file({str(out)!r}).read_all(); t.validate(full=True); " \
           "print(t.schema.field('expiry').type, sum(e != 0 for e in t['expiry'].to_pylist()), t.num_rows)"
    seen = subprocess.run([PYTHON, "-c", code], capture_output=True, timeout=120)
    check(seen.stdout.split() == [b"uint64", b"1", b"%d" % (len(base) + 1)], f"the expiries of an export: {seen}")


def main():
    if not PYTHON.exists() or subprocess.run([PYTHON, "-c", "import pyarrow, polars"], capture_output=True).returncode:
        print("skipped: pyarrow and polars are not installed (scripts/bootstrap.sh test installs them from PyPI)")
        return 77
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        base = {**{f"key{n:09d}": "before" for n in range(0, 600, 3)}, "zebra": "before"}
        template = work / "template"
        new_database(template, base)
        shapes(work, base, template)
        hostile(work, base, template)
        several(work, base, template)
    print(f"ingest: {checks} checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
