#!/usr/bin/env python3
"""The quiver command as a script meets it: output, exit codes, bad input.

Usage: command_test.py QUIVER_COMMAND
"""
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time

QUIVER = str(pathlib.Path(sys.argv[1]).resolve())
SOURCE = pathlib.Path(__file__).resolve().parent.parent
DONE, FAILED, USAGE, NOT_FOUND, BUSY = 0, 1, 2, 3, 4
checks = 0


def run(*arguments, expect=DONE, stdin=b""):
    global checks
    done = subprocess.run([QUIVER, *map(str, arguments)], capture_output=True, input=stdin, timeout=120)
    checks += 1
    if done.returncode != expect:
        raise SystemExit(f"FAILED: quiver {' '.join(map(str, arguments))}: exit {done.returncode}, expected {expect}\n"
                         f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}")
    return done


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def shell(line):
    return subprocess.run(["bash", "-c", line], capture_output=True, timeout=120)


def listing(directory):
    return sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in directory.iterdir())


def copies(work):
    db, backups = work / "copied", work / "backups"
    for number in range(5):
        run("put", db, f"k{number}", f"v{number}")
    before = listing(db)
    run("checkpoint", db, work / "checkpoint")
    check(run("get", work / "checkpoint", "k4").stdout == b"v4", "a checkpoint is a database")
    check(listing(db) == before, "a checkpoint by the command writes nothing into the database")
    run("checkpoint", db, work / "checkpoint", expect=FAILED)
    run("backup", "create", db, backups)
    run("flush", db)
    run("put", db, "k5", "v5")
    run("backup", "create", db, backups)
    check(b"of them" in run("backup", "create", db, backups).stdout, "create tells what is new")
    check(len(run("backup", "list", backups).stdout.splitlines()) == 4, "list has a line a backup")
    check(b"everything verifies" in run("backup", "verify", backups).stdout, "backups verify")
    for wrong in (work, db):
        told = run("backup", "verify", wrong, expect=NOT_FOUND)
        check(b"no backups" in told.stderr and b"verifies" not in told.stdout, f"a directory without backups does not verify: {told}")
    run("backup", "restore", backups, "1", work / "restored")
    check(run("get", work / "restored", "k4").stdout == b"v4", "a restored backup is a database")
    run("get", work / "restored", "k5", expect=NOT_FOUND)
    run("backup", "delete", backups, "1", "--yes")
    run("backup", "delete", backups, "1", "--yes", expect=NOT_FOUND)
    run("backup", "restore", backups, "1", work / "again", expect=NOT_FOUND)
    check(b"1 backups removed" in run("backup", "prune", backups, "--keep", "1", "--yes").stdout, "prune counts")
    damaged = next(backups.glob("0*.arrow"))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    check(damaged.name.encode() in run("backup", "verify", backups, expect=FAILED).stdout, "verify names the file")
    run("backup", "restore", backups, "3", work / "rotten", expect=FAILED)
    run("backup", "prune", backups, expect=USAGE)
    run("delete", db, "k0")
    out = run("files", db, "--snapshot", work / "files").stdout
    check(b" 5 rows" in out and b"note" not in out, "a dataset holds the live rows alone")
    check("_README.txt" in [path.name for path in (work / "files").iterdir()], "and says what it is")
    run("files", db, "--snapshot", work / "files2", "--no-compact")


def data_verbs(work):
    db = work / "db"
    run("get", db, "apple", expect=NOT_FOUND)
    check(not db.exists(), "a reading verb makes no directory")
    run("put", db, "apple", "red")
    check(run("get", db, "apple").stdout == b"red", "get writes the bare value")
    ours, terminal = pty.openpty()
    subprocess.run([QUIVER, "get", db, "apple"], stdout=terminal, check=True, timeout=120)
    os.close(terminal)
    check(os.read(ours, 100) == b"red\r\n", "on a terminal it is a line, so that the prompt stands on the next")
    os.close(ours)
    check(run("get", db, "pear", expect=NOT_FOUND).stdout == b"", "an absent key prints nothing")
    run("put", db, "bytes", "-", stdin=b"\x00\xff\n")
    check(run("get", db, "bytes").stdout == b"\x00\xff\n", "a value from standard input keeps its bytes")
    run("put", db, "--hex", "00ff", "0a0b")
    check(run("get", db, "--hex", "00FF").stdout == b"\x0a\x0b", "hexadecimal keys and values")
    run("put", db, "--hex", "0", "00", expect=USAGE)
    run("put", db, "", "empty key")
    check(run("get", db, "").stdout == b"empty key", "the empty key")
    run("delete", db, "apple")
    run("delete", db, "apple")
    run("get", db, "apple", expect=NOT_FOUND)
    rows = [json.loads(line) for line in run("scan", db, "--json").stdout.splitlines()]
    check([row.get("key", row.get("key_hex")) for row in rows] == ["", "00ff", "bytes"], f"scan is ordered: {rows}")
    check(rows[2]["value_hex"] == "00ff0a", "bytes that are no text are hexadecimal in JSON")
    check(run("scan", db).stdout.splitlines()[2] == rb"bytes" + b"\t" + rb"\x00\xff\x0a", "text output is escaped")


def scan_bounds(work):
    db = work / "scan"
    lines = "".join(json.dumps({"key": f"k{i:02d}", "value": str(i)}) + "\n" for i in range(50))
    run("load", db, "-", "--wal-mode", "async", stdin=lines.encode())
    keys = lambda *flags: [line.split(b"\t")[0].decode() for line in run("scan", db, *flags).stdout.splitlines()]
    check(keys("--from", "k10", "--to", "k13") == ["k10", "k11", "k12"], "from is inclusive, to exclusive")
    check(keys("--prefix", "k4", "--limit", "2") == ["k40", "k41"], "prefix and limit")
    check(keys("--prefix", "k4", "--reverse", "--limit", "2") == ["k49", "k48"], "reverse")
    check(keys("--from", "k13", "--to", "k10") == [], "crossed bounds are empty")
    check(run("scan", db, "--keys-only", "--limit", "1").stdout == b"k00\n", "keys only")
    before = listing(db)
    for verb in (["get", db, "k01"], ["scan", db], ["stats", db], ["stats", db, "--json"], ["dump", db], ["verify", db],
                 ["config", "show", db]):
        run(*verb)
    check(listing(db) == before, "reading verbs write nothing")
    json.loads(run("stats", db, "--json").stdout)
    check(b"# TYPE quiver_" in run("stats", db, "--prometheus").stdout, "Prometheus text")
    reader = subprocess.Popen([QUIVER, "dump", db], stdout=subprocess.PIPE)
    reader.stdout.close()
    check(reader.wait() in (0, -signal.SIGPIPE), "a closed pipe ends the command quietly")


def keyspaces(work):
    db = work / "keyspaces"
    run("put", db, "k", "of default")
    run("put", db, "k", "of users", "--keyspace", "users", expect=NOT_FOUND)
    run("put", work / "none", "k", "v", "--keyspace", "users", expect=NOT_FOUND)
    check(not (work / "none").exists(), "a put into a keyspace makes no database")
    missing = run("get", db, "k", "--keyspace", "users", expect=NOT_FOUND).stderr
    check(b'there is no keyspace "users", only "default"' in missing, f"a missing keyspace is told with those that there are: {missing}")
    check(run("export", db, "--format", "csv", "--keyspace", "users", expect=NOT_FOUND).stdout == b"", "and leaves no head of CSV")
    run("keyspace", "create", work / "first", "users", "--memtable", "trie")
    check(run("keyspace", "list", work / "first").stdout == b"default\nusers\n", "the first verb on a database may make a keyspace")
    check(b'memtable_kind = "enhanced_skiplist"' in run("config", "show", work / "first").stdout, "whose settings are not those of the database")
    run("keyspace", "create", db, "users")
    run("keyspace", "create", db, "counters", "--merge-operator", "add_int64")
    run("keyspace", "create", db, "users", expect=FAILED)
    check(run("keyspace", "list", db).stdout == b"default\nusers\ncounters\n", "all keyspaces in order")
    run("put", db, "k", "of users", "--keyspace", "users")
    check(run("get", db, "k").stdout == b"of default", "the default keyspace has its own k")
    check(run("get", db, "k", "--keyspace", "users").stdout == b"of users", "and users another")
    rows = "".join(json.dumps({"key": f"u{i:03d}", "value": "v"}) + "\n" for i in range(100))
    run("load", db, "-", "--keyspace", "users", stdin=rows.encode())
    count = lambda *flags: int(run("count", db, *flags).stdout)
    check(count() == 1 and count("--keyspace", "users") == 101, "load and count work on a keyspace")
    check(count("--keyspace", "users", "--prefix", "u01") == 10, "count takes bounds")
    check(len(run("dump", db, "--keyspace", "users").stdout.splitlines()) == 101, "dump works on a keyspace")
    run("del", db, "--range", "u010", "u020", "--keyspace", "users", "--yes")
    check(count("--keyspace", "users") == 91, "del --range deletes a range")
    run("del", db, "u000", "--keyspace", "users")
    check(count("--keyspace", "users") == 90, "del is delete")
    run("del", db, expect=USAGE)
    run("del", db, "a", "--range", "a", "b", expect=USAGE)
    run("merge", db, "hits", "40", "--keyspace", "counters")
    run("merge", db, "hits", "--keyspace", "counters", "--", "-2")
    check(run("get", db, "hits", "--keyspace", "counters").stdout == (38).to_bytes(8, "little"), "counters in decimal")
    run("merge", db, "hits", "many", "--keyspace", "counters", expect=USAGE)
    run("merge", db, "k", "1", expect=FAILED)
    run("put", db, "brief", "v", "--ttl", "300ms")
    run("put", db, "long", "v", "--ttl", "2h")
    run("load", db, "-", "--ttl", "300ms", stdin=b'{"key":"l1","value":"v"}\n')
    time.sleep(0.4)
    run("get", db, "brief", expect=NOT_FOUND)
    run("get", db, "l1", expect=NOT_FOUND)
    check(run("get", db, "long").stdout == b"v", "what has hours to live is there")
    for bad in ("", "0s", "5x", "-1s", "99999999999999999d", "99999999999d"):
        run("put", db, "k", "v", f"--ttl={bad}", expect=USAGE)
        run("load", db, "-", f"--ttl={bad}", stdin=b'{"key":"l2","value":"v"}\n', expect=USAGE)
    run("bench", db, "--keyspace", "users", "--rows", "10", expect=FAILED)
    run("bench", db, "--keyspace", "users", "--rows", "10", "--workloads", "fillseq,readrandom", "--use-existing")
    check(count("--keyspace", "users", "--prefix", "000") == 10, "bench writes into the keyspace")
    check(b"keyspace users: " in run("verify", db).stdout, "verify tells of each keyspace")
    run("compact", db, "--keyspace", "users")
    shown = {row["name"]: row for row in json.loads(run("stats", db, "--json").stdout)["keyspaces"]}
    check(shown["users"]["entries"] > 90 and shown["users"]["table_bytes"] > 0, f"stats by keyspace: {shown}")
    check(b'quiver_keyspace_entries{keyspace="users"} ' in run("stats", db, "--prometheus").stdout, "a label a keyspace")
    check(b"keyspaces" in run("stats", db).stdout, "stats lists keyspaces")
    run("keyspace", "drop", db, "users", "--yes")
    run("keyspace", "drop", db, "users", "--yes", expect=NOT_FOUND)
    run("keyspace", "drop", db, "default", "--yes", expect=FAILED)
    check(run("keyspace", "list", db).stdout == b"default\ncounters\n", "a dropped keyspace is gone")


def export_and_sql(work):
    db = work / "export"
    rows = {"a": 'say "hi", he said', "b,c": "two\nlines", "d": "", "e": "plain"}
    run("load", db, "-", stdin="".join(json.dumps({"key": k, "value": v}) + "\n" for k, v in rows.items()).encode())
    run("put", db, "--hex", "ff00", "0a")
    csv_text = run("export", db, "--format", "csv").stdout
    check(csv_text.startswith(b'key,value\na,"say ""hi"", he said"\n"b,c","two\nlines"\nd,\n') and b'\xff\x00,"\n"\n' in csv_text,
          f"CSV keeps every byte: {csv_text}")
    check(run("export", db).stdout == run("dump", db).stdout, "JSON lines are those of dump")
    check(run("export", db, "--from", "b", "--to", "e", "--limit", "1").stdout.count(b"\n") == 1, "range and limit")
    run("export", db, "--format", "arrow", expect=USAGE)
    run("export", db, "--format", "csv", "--output", work / "x.csv", expect=USAGE)
    run("export", db, "--format", "xml", expect=USAGE)
    run("export", db, "--format", "arrow", "--output", work / "x.arrow")
    run("import", work / "imported", work / "x.arrow")
    check(run("dump", work / "imported").stdout == run("dump", db).stdout, "import takes what export wrote")

    # Expiries, for those who ask: a row that expires keeps its moment through every format that comes back.
    run("put", db, "soon", "gone", "--ttl", "1h")
    check(b"expiry" not in run("export", db).stdout + run("dump", db).stdout, "nobody asked when rows expire")
    expiring = run("export", db, "--expiry").stdout
    [soon] = [row for row in map(json.loads, expiring.splitlines()) if "expiry_us" in row]
    check(soon["key"] == "soon" and 0 < soon["expiry_us"] / 1e6 - time.time() <= 3600, f"it expires in an hour: {soon}")
    check(run("dump", db, "--expiry").stdout == expiring, "dump tells the same")
    csv_lines = run("export", db, "--format", "csv", "--expiry", "--from", "e").stdout.splitlines()
    check(csv_lines[:3] == [b"key,value,expiry_us", b"e,plain,", b"soon,gone,%d" % soon["expiry_us"]], f"CSV: {csv_lines}")
    run("load", work / "loaded", "-", "--ttl", "2h", stdin=expiring)
    loaded = [json.loads(line) for line in run("dump", work / "loaded", "--expiry").stdout.splitlines()]
    check([row for row in loaded if row.get("key") == "soon"] == [soon], "a row's own moment goes before --ttl")
    check(all(row["expiry_us"] >= soon["expiry_us"] for row in loaded), "the other rows have that of --ttl")
    for verb, flag in (("export", "--output"), ("dump", "--arrow")):
        file = work / f"{verb}-expiry.arrow"
        run(verb, db, *(["--format", "arrow"] if verb == "export" else []), flag, file, "--expiry")
        run("import", work / f"{verb}-again", file, "--expiry-column", "expiry")
        check(run("dump", work / f"{verb}-again", "--expiry").stdout == expiring, f"import takes the expiries that {verb} wrote")
    link = work / "link.arrow"
    link.symlink_to(file)
    run("import", work / "linked", link, "--expiry-column", "expiry")
    check(run("dump", work / "linked", "--expiry").stdout == expiring, "import follows a link")
    run("load", work / "linked", link)
    check(b"No such file" in run("import", work / "linked", work / "none.arrow", expect=NOT_FOUND).stderr, "and says what is not there")
    for wrong in ("-1", "1.5", '"soon"'):
        bad = run("load", work / "loaded", "-", stdin=f'{{"key": "k", "value": "v", "expiry_us": {wrong}}}'.encode(), expect=FAILED)
        check(b"expiry_us" in bad.stderr and b"line 1" in bad.stderr, f"an expiry of {wrong}: {bad}")
    run("delete", db, "soon")

    def sql(path, *arguments):
        return subprocess.run([QUIVER, "sql", db, *arguments], capture_output=True, timeout=120,
                              env={**os.environ, "PATH": str(path)})

    nothing = work / "bin"
    nothing.mkdir()
    absent = sql(nothing, "select 1")
    check(absent.returncode == FAILED and b"pip install duckdb" in absent.stderr, f"without DuckDB: {absent}")
    planted, pythons = work / "planted", work / "pythons"
    planted.mkdir()
    pythons.mkdir()
    (planted / "duckdb.py").write_text(f"open({str(planted / 'ran')!r}, 'w')")
    (pythons / "python3").symlink_to(shutil.which("python3"))
    subprocess.run([QUIVER, "sql", db, "select 1"], capture_output=True, timeout=120, cwd=planted, env={**os.environ, "PATH": str(pythons)})
    check(not (planted / "ran").exists(), "sql runs no duckdb.py of the directory that it is called in")
    # A stand-in that shows what the real one is given.
    stand_in = nothing / "duckdb"
    stand_in.write_text('#!/bin/sh\n[ "$1" = -version ] && exit 0\nwhile read -r line; do echo "$line"; done\n'
                        'for last; do :; done\necho "$last"\n[ "$last" != bad ]\n')
    stand_in.chmod(0o755)
    given = sql(nothing, "select 1", "--from", "a", "--to", "e")
    check(given.stdout.splitlines() == [b"61," + rows["a"].encode().hex().encode(),
                                        b"622c63," + rows["b,c"].encode().hex().encode(), b"64,", b"!,", b"select 1"],
          f"DuckDB is given the rows of the range, the mark of their end and the query: {given}")
    check(sql(nothing, "bad").returncode == FAILED, "a query that fails")
    run("put", db, "large", "-", stdin=b"x" * (5 << 20))
    large = sql(nothing, "select 1")
    check(large.returncode == FAILED and b"narrow the range" in large.stderr and b"select" not in large.stdout,
          "with a row that DuckDB cannot take there is no answer")
    try:
        import duckdb  # noqa: F401
    except ImportError:
        print("skipped in part: DuckDB is not installed, so that sql was asked of a stand-in alone")
        return
    stand_in.unlink()
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    real = sql(path, "--to", "f", "select count(*) as n, max(octet_length(value)) as m from db")
    check(real.returncode == DONE and b"17" in real.stdout, f"DuckDB answers: {real}")
    # A quiver that was killed half-way closes the pipe as one that is done does.
    stand_in.write_text('#!/bin/sh\n[ "$1" = -version ] && exit 0\nwhile read -r line; do :; done\necho "$4"\n')
    stand_in.chmod(0o755)
    make_table = sql(nothing, "select 1", "--to", "b").stdout.decode()
    program = "import duckdb, sys\ndb = duckdb.connect()\ndb.execute(sys.argv[1])\nprint(db.sql('from db order by key').fetchall())"

    def table_of(lines):
        return subprocess.run([sys.executable, "-c", program, make_table], input=lines, capture_output=True, timeout=120)

    whole = table_of(b"61,31\n,32\n62,\n!,\n")
    check(whole.stdout.strip() == b"[(b'', b'2'), (b'a', b'1'), (b'b', b'')]", f"the mark is no row: {whole}")
    for cut in (b"", b"61,31\n", b"61,31\n62,\n!", b"61,31\n6"):
        short = table_of(cut)
        check(short.returncode != 0 and short.stdout == b"", f"rows that were cut short at {cut} are no table: {short}")


def transfer(work):
    db, out = work / "transfer", work / "rows.jsonl"
    lines = "".join(json.dumps({"key": f"k{i}", "value": "v" * i}) + "\n" for i in range(200))
    out.write_text(lines)
    run("load", db, out, "--preset", "high_performance", "--memtable", "trie", "--compression", "zstd")
    dumped = run("dump", db).stdout.decode()
    check(sorted(dumped.splitlines()) == sorted(json.dumps(json.loads(line), separators=(",", ":")) for line in lines.splitlines()),
          "dump gives back what load took")
    bad = run("load", work / "bad", "-", expect=FAILED, stdin=b'{"key":"a","value":"b"}\n{"key":1}\n').stderr
    check(b"line 2" in bad, "a bad row is named by its line")
    run("load", work / "bad2", work / "absent.jsonl", expect=NOT_FOUND)
    check(not (work / "bad2").exists(), "an absent file makes no database")
    run("load", work / "bad3", "-", expect=FAILED, stdin=b"\xff\xfe not json\n")
    run("dump", db, "--arrow", work / "rows.arrow")
    run("dump", db, "--arrow", work / "rows.arrow", expect=FAILED)
    exists = run("dump", db, "--arrow", work / "rows.arrow", expect=FAILED).stderr
    check(str(work / "rows.arrow").encode() in exists, f"the file is named as it was given: {exists}")
    done = shell(f"trap '' XFSZ; ulimit -f 4; {QUIVER} dump {db} --arrow {work}/cut.arrow")
    check(done.returncode == FAILED and f"{work}/cut.arrow".encode() in done.stderr, f"a file that cannot be written: {done}")
    check(not (work / "cut.arrow").exists(), "a cut Arrow file is removed")
    run("load", work / "copy", work / "rows.arrow")
    check(run("dump", work / "copy").stdout.decode() == dumped, "an Arrow file carries every row")


def admin(work):
    db = work / "admin"
    lines = "".join(json.dumps({"key": f"k{i:04d}", "value": "x" * 50}) + "\n" for i in range(2000))
    run("load", db, "-", "--wal-mode", "async", "--compression-bottom", "none", stdin=lines.encode())
    run("flush", db)
    run("compact", db)
    check(b"everything verifies" in run("verify", db).stdout, "a sound database verifies")
    for file in sorted(db.iterdir()):
        if file.suffix in (".arrow", ".wal") or file.name.startswith("MANIFEST"):
            check(run("inspect", file).stdout, f"inspect prints {file.name}")
            run("inspect", file, "--entries")
    run("inspect", db / "CURRENT", expect=FAILED)
    table = next(db.glob("*.arrow"))
    content = bytearray(table.read_bytes())
    content[len(content) // 3] ^= 16
    table.write_bytes(content)
    damaged = run("verify", db, expect=FAILED).stdout
    check(table.name.encode() in damaged and b"offset" in damaged, "verify names file and offset")
    run("repair", db, work / "repaired")
    left = len(run("scan", work / "repaired").stdout.splitlines())
    check(1000 < left < 2000, f"repair keeps what can be read: {left} rows")
    for destination in (work / "repaired", db):
        told = run("repair", db, destination, expect=FAILED).stderr
        check(b"holds a database already" in told, f"repair refuses a database: {told}")
    check(b"No such file" in run("inspect", work / "0000000009.wal", expect=NOT_FOUND).stderr, "inspect of an absent file")
    check(b"--packages" in run("demo", expect=USAGE).stderr, "demo says what it needs")
    run("verify", work / "nothing here", expect=NOT_FOUND)


def recovery(work):
    """What an open cuts is told before by verify and then by the open, once."""
    db = work / "crash"
    holder = subprocess.Popen([QUIVER, "bench", str(db), "--workloads", "fillseq", "--rows", "100000000", "--wal-mode", "async"],
                              stdout=subprocess.DEVNULL)
    for _ in range(300):
        # Frames, not only a header: damage to that would be rot, and not what a crash leaves.
        if any(len(path.read_bytes().rstrip(b"\0")) > 10_000 for path in db.glob("*.wal")):
            break
        time.sleep(0.1)
    holder.kill()
    holder.wait()
    newest = max(path for path in db.glob("*.wal") if path.read_bytes().strip(b"\0"))
    content = bytearray(newest.read_bytes())
    content[len(content.rstrip(b"\0")) - 10] ^= 1
    newest.write_bytes(content)
    verified = run("verify", db).stdout.decode()
    check("note: the next open for writing finds: " in verified and "everything verifies" in verified, verified)
    told = run("put", db, "k", "v").stderr.decode()
    check(told.startswith("recovery: ") and newest.name in told, f"the cut is told: {told}")
    check(run("put", db, "k", "v").stderr == b"", "and told once")
    small = work / "count"
    run("put", small, "k", "v")
    files = list(small.iterdir())
    check(f"{len(files)} files, {sum(path.stat().st_size for path in files)} bytes, 1 entries" in run("verify", small).stdout.decode(),
          "verify counts files and bytes as ls does")


def configuration(work):
    run("config", "presets")
    text = run("config", "show", "--preset", "memory_efficient", "--wal-mode", "sync").stdout
    file = work / "settings.toml"
    file.write_bytes(text)
    run("config", "check", file)
    file.write_text("memtable_sice_bytes = 5\nwal_mode = \"sometimes\"\n")
    wrong = run("config", "check", file, expect=FAILED).stderr.decode()
    check("memtable_size_bytes" in wrong and ":1" in wrong and ":2" in wrong, f"every fault with its line and the nearest name: {wrong}")
    refused = work / "refused"
    for flags in (["--memtable-count-max", "1"], ["--memtable-size=-1"], ["--preset", "fastest"], ["--compression", "snappy"],
                  ["--wal-mode", ""]):
        told = run("put", refused, "k", "v", *flags, expect=USAGE).stderr
        check(told.startswith(b"quiver put: --"), f"a wrong value is named by its flag: {told}")
    run("put", refused, "k", "v", "--value-chunk-bytes", "64KiB", "--block-size", "4KiB", expect=FAILED)
    check(not refused.exists(), "a refused configuration makes no database")
    directory, pipe, huge = work / "settings", work / "pipe", work / "huge.toml"
    directory.mkdir()
    os.mkfifo(pipe)
    with open(huge, "wb") as sparse:
        sparse.truncate(1 << 40)
    for bad in (directory, pipe, huge, "/dev/zero", work / "absent.toml"):
        for verb in (["config", "check", bad], ["put", refused, "k", "v", "--config", bad]):
            check(str(bad).encode() in run(*verb, expect=FAILED if os.path.exists(bad) else NOT_FOUND).stderr, f"a settings file that cannot be read is named: {bad}")
    check(not refused.exists(), "an unreadable settings file makes no database")
    run("config", "check", expect=USAGE)


def stored_settings(work):
    """Flags are for one call; config set is what stores them."""
    db = work / "stored"
    run("put", db, "k", "v", "--wal-mode", "async", "--block-size", "16KiB")
    shown = lambda: run("config", "show", db).stdout
    first = shown()
    check(b'wal_mode = "async"' in first and b'block_size_bytes = "16KiB"' in first, "a new database keeps its first settings")
    run("put", db, "k", "w", "--wal-mode", "sync", "--memtable", "trie")
    run("flush", db, "--preset", "memory_efficient")
    run("delete", db, "k", "--compaction", "tiered")
    check(shown() == first, "flags on an existing database are for that call")
    changed = run("config", "set", db, "--wal-mode", "batch", "--memtable", "trie").stdout.decode()
    check(changed.splitlines() == ["memtable_kind = trie (was enhanced_skiplist)", "wal_mode = batch (was async)"], changed)
    check(b'wal_mode = "batch"' in shown() and b'block_size_bytes = "16KiB"' in shown(), "config set stores, and leaves the rest")
    second = shown()
    fixed = run("config", "set", db, "--key-width-bytes", "8", expect=FAILED).stderr
    check(b"key_width_bytes is 0 since the creation" in fixed, f"a refused change is explained: {fixed}")
    for flags in ([], ["--create-if-missing", "true"], ["--wal-recovery-mode", "absolute"], ["--wal-mode", "never"]):
        run("config", "set", db, *flags, expect=USAGE)
    empty = work / "empty"
    empty.mkdir()
    for verb in (["config", "show", empty], ["config", "set", empty, "--wal-mode", "sync"], ["get", empty, "k"], ["stats", empty], ["verify", empty],
                 ["delete", empty, "k"], ["flush", empty]):
        told = run(*verb, expect=NOT_FOUND).stderr.decode()
        check(f"not_found: there is no database in {empty}" in told, f"{verb[0]} of an empty directory: {told}")
    check(list(empty.iterdir()) == [], "and nothing is made in it")
    run("config", "set", work / "nowhere", "--wal-mode", "sync", expect=NOT_FOUND)
    check(not (work / "nowhere").exists(), "config set makes no database")
    check(shown() == second, "refused changes change nothing")


def lost_input(work):
    """What cannot be read is never an empty value."""
    db = work / "input"
    write_only = open(work / "write_only", "wb")
    closed = "<&-"
    for verb in (["put", db, "x", "-"], ["load", db, "-"]):
        for stdin in (os.open("/etc", os.O_RDONLY), write_only):
            done = subprocess.run([QUIVER, *map(str, verb)], stdin=stdin, capture_output=True, timeout=60)
            check(done.returncode == FAILED and b"standard input: cannot be read" in done.stderr, f"{verb}: {done}")
        done = shell(f"{QUIVER} {' '.join(map(str, verb))} {closed}")
        check(done.returncode == FAILED and b"standard input: cannot be read" in done.stderr, f"{verb} {closed}: {done}")
    run("load", db, "/etc", expect=FAILED)
    check(not db.exists(), "input that cannot be read stores nothing")
    for refused in (["k" * 70_000, "v"], ["abc", "v", "--key-width-bytes", "4"], ["abcd", "v", "--value-width-bytes", "4"]):
        run("put", db, *refused, expect=FAILED)
        check(not db.exists(), "a refused first put makes no database")
    run("put", db, "k", "v", "--create-if-missing", "false", expect=NOT_FOUND)
    run("load", db, "-", "--create-if-missing", "false", expect=NOT_FOUND)
    check(not db.exists(), "--create-if-missing false makes no database")
    run("put", db, "long", "-", stdin=b"x" * 300_000)
    check(run("get", db, "long").stdout == b"x" * 300_000, "a value longer than a buffer")
    lines = [json.dumps({"key": f"k{i}", "value": "y" * 100_000}) for i in range(5)]
    run("load", db, "-", stdin="\n".join(lines).encode())
    check([json.loads(row) for row in run("scan", db, "--prefix", "k", "--json").stdout.splitlines()] == list(map(json.loads, lines)),
          "lines longer than a buffer, the last without an end")


def lost_output(work):
    """Output that gets lost is a failure; a reader that goes away is none."""
    db = work / "output"
    run("put", db, "k", "v")
    good = work / "good.toml"
    good.write_text('wal_mode = "sync"\n')
    for verb in (["stats", db], ["verify", db], ["config", "show"], ["config", "presets"], ["config", "check", good],
                 ["man"], ["completion"], ["bench", "--list"], ["inspect", next(db.glob("*.wal"))], ["--help"], ["help"], ["--version"],
                 ["get", db, "k"], ["scan", db], ["dump", db], ["bench", work / "output-bench", "--rows", "10"]):
        for sink in ("> /dev/full", ">&-"):
            done = shell(f"{QUIVER} {' '.join(map(str, verb))} {sink}")
            check(done.returncode == FAILED and b"standard output cannot be written" in done.stderr, f"{verb} {sink}: {done}")
    done = shell(f"set -o pipefail; {QUIVER} man | true")
    check(done.returncode in (0, 128 + signal.SIGPIPE) and done.stderr == b"", f"a closed pipe is quiet: {done}")
    closed = work / "closed"
    check(shell(f"{QUIVER} put {closed} k v <&- >&- 2>&-").returncode == DONE, "a command without descriptors works")
    run("verify", closed)
    check(run("get", closed, "k").stdout == b"v", "no file of the database took a standard descriptor")


def answered(answer, *arguments, expect):
    """What the command says on its terminal, where it is given `answer`; None ends the input."""
    ours, terminal = pty.openpty()
    with subprocess.Popen([QUIVER, *map(str, arguments)], stdin=terminal, stdout=subprocess.PIPE, stderr=terminal) as command:
        os.close(terminal)
        os.write(ours, b"\x04" if answer is None else answer.encode() + b"\n")
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:  # so Linux tells that the command has closed it
            pass
        code = command.wait(timeout=120)
    os.close(ours)
    check(code == expect, f"{arguments} answered {answer!r} ends with {code}, expected {expect}: {said}")
    return said.decode().replace("\r\n", "\n")


def confirmations(work):
    """What throws data away asks at a terminal, and elsewhere wants --yes."""
    db, backups = work / "asked", work / "asked-backups"
    run("keyspace", "create", db, "users")
    rows = "".join(json.dumps({"key": f"u{i:04d}", "value": "v"}) + "\n" for i in range(1234))
    run("load", db, "-", "--keyspace", "users", stdin=rows.encode())
    for number in range(4):
        run("put", db, f"k{number}", "v")
        run("backup", "create", db, backups)
    count = lambda *flags: int(run("count", db, *flags).stdout)
    numbers = lambda: [int(line.split()[0]) for line in run("backup", "list", backups).stdout.splitlines()[1:]]
    made = run("backup", "list", backups).stdout.decode().splitlines()[2].split()
    users = ["--keyspace", "users"]
    verbs = {  # arguments: what they ask, what of the state they change
        ("delete", db, "--range", "u0010", "u0013", *users):
            (f'delete 3 rows from "u0010" to before "u0013" in keyspace "users" of {db}? [y/N] ', {"users": 1231}),
        ("del", db, "--hex", "--range", "6b30", "6b3000"):
            (f'delete 1 row from "k0" to before "k0\\x00" in keyspace "default" of {db}? [y/N] ', {"default": 3}),
        ("keyspace", "drop", db, "users"): (f'drop keyspace "users" of {db} with 1,231 rows? [y/N] ', {"users": None}),
        ("backup", "delete", backups, "2"):
            (f"delete backup 2 of {backups}, made {made[1]}, {int(made[3]):,} bytes? [y/N] ", {"backups": [1, 3, 4]}),
        ("backup", "prune", backups, "--keep", "1"):
            (f"delete the oldest 2 of the 3 backups of {backups}: number 1, 3? [y/N] ", {"backups": [4]}),
    }

    def state():
        there = b"users" in run("keyspace", "list", db).stdout
        return {"default": count(), "users": count(*users) if there else None, "backups": numbers()}

    now = {"default": 4, "users": 1234, "backups": [1, 2, 3, 4]}
    for arguments, (question, change) in verbs.items():
        check(state() == now, f"before {arguments}: {state()}")
        files = listing(db), listing(backups)
        refused = run(*arguments, expect=USAGE, stdin=b"y\n").stderr
        check(b"Add --yes" in refused and b"nothing was changed" in refused, f"without a terminal nobody is asked: {refused}")
        ours, terminal = pty.openpty()  # half a terminal is none
        for streams in ({"stdin": terminal, "stderr": subprocess.DEVNULL}, {"stdin": subprocess.DEVNULL, "stderr": terminal}):
            done = subprocess.run([QUIVER, *map(str, arguments)], stdout=subprocess.DEVNULL, timeout=120, **streams)
            check(done.returncode == USAGE, f"half a terminal is none: {arguments} {streams}")
        os.close(terminal)
        os.close(ours)
        for answer in ("n", "", "yess", "y y", None):
            said = answered(answer, *arguments, expect=FAILED)
            check(question in said and "quiver: nothing was changed" in said, f"the question names what will go: {said}")
        check((listing(db), listing(backups)) == files, f"{arguments}: no changes no file")
        said = answered("Y" if "drop" in arguments else "yes", *arguments, expect=DONE)
        check(question in said and "nothing was changed" not in said, f"the question: {said}")
        now |= change
        check(state() == now, f"after {arguments}: {state()}")
    # What there is not is told without a question; so is what takes nothing away.
    for arguments, code in ((("keyspace", "drop", db, "users"), NOT_FOUND), (("keyspace", "drop", work / "nowhere", "users"), NOT_FOUND),
                            (("backup", "delete", backups, "9"), NOT_FOUND), (("backup", "prune", backups, "--keep", "5"), DONE)):
        said = answered("n", *arguments, expect=code)
        check("[y/N]" not in said, f"{arguments}: {said}")
    run("delete", db, "--range", "k1", "k3", "--yes")
    run("delete", db, "k3")
    run("delete", db, "k3", "--yes")
    check(state() == now | {"default": 0}, "--yes does it without a question, and one key needs none")


def exit_codes(work):
    """A script tells what is not there, or not for it, from what went wrong."""
    file, nowhere, closed = work / "file", work / "nowhere", work / "closed-database"
    file.write_text("no database")
    run("put", closed, "k", "v")
    for place in (file, nowhere):
        for verb in (["get", place, "k"], ["scan", place], ["stats", place], ["verify", place], ["flush", place], ["keyspace", "list", place],
                     ["checkpoint", place, work / "no-copy"], ["backup", "list", place], ["config", "show", place], ["delete", place, "k"],
                     ["delete", place, "--range", "a", "b", "--yes"], ["keyspace", "drop", place, "users", "--yes"],
                     ["repair", place, work / "no-copy"]):
            run(*verb, expect=NOT_FOUND)
    check(not nowhere.exists() and not (work / "no-copy").exists() and file.read_text() == "no database", "and nothing is made")
    run("put", file, "k", "v", expect=NOT_FOUND)
    run("put", file / "below", "k", "v", expect=NOT_FOUND)
    run("put", closed, "k" * 70_000, "v", expect=FAILED)
    run("backup", "create", closed, work / "whole-backup")
    # Damage is no absence: whatever file is missing, nobody may take the database or the backup for not there.
    for directory, verbs in ((closed, (["get", closed, "k"], ["verify", closed])),
                             (work / "whole-backup", (["backup", "restore", work / "whole-backup", "1", work / "no-copy"],))):
        for path in [path for path in directory.iterdir() if path.is_file() and path.name != "LOCK" and not path.name.startswith("BACKUP-")]:
            path.rename(work / "aside")
            for verb in verbs:
                run(*verb, expect=FAILED)
            (work / "aside").rename(path)

    def as_nobody(*arguments):
        def become():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        return subprocess.run([QUIVER, *map(str, arguments)], capture_output=True, timeout=120, preexec_fn=become if os.getuid() == 0 else None)

    mode = work.stat().st_mode
    work.chmod(0o755)
    closed.chmod(0o000)
    try:
        if as_nobody("--version").returncode != DONE:
            print("skipped in part: another user cannot run the command where it lies, so that no permission was missing")
            return
        for verb in (["get", closed, "k"], ["put", closed, "k", "w"], ["verify", closed], ["config", "show", closed],
                     ["keyspace", "drop", closed, "users", "--yes"]):
            done = as_nobody(*verb)
            check(done.returncode == NOT_FOUND and b"Permission denied" in done.stderr, f"no permission: {verb}: {done}")
    finally:
        closed.chmod(0o700)
        work.chmod(mode)
    check(run("get", closed, "k").stdout == b"v", "and nothing was written")


def readme(work):
    """The commands of the README, as they stand there."""
    text = (SOURCE / "README.md").read_text().replace("/tmp/fruit", str(work / "fruit"))
    steps = text.split("```sh\n")[1].split("```")[0]
    bin_directory = work / "build" / "release" / "bin"
    bin_directory.mkdir(parents=True)
    (bin_directory / "quiver").symlink_to(QUIVER)
    done = subprocess.run(["bash", "-euc", steps], cwd=work, capture_output=True, timeout=120)
    check(done.returncode == 0, f"the README's commands work: {done.stderr.decode()}")
    check(done.stdout.startswith(b'red{"key":"apple","value":"red"}\n'), f"and print: {done.stdout}")
    check(len(list((work / "fruit").glob("*.arrow"))) == 1, "there is a table for the README's Python to read")


def man_page():
    page = run("man").stdout.decode()
    check(page.startswith(".TH QUIVER"), "man page")
    plain = page.replace("\\-", "-").replace("\\e", "\\")
    for text in ("put DIR KEY VALUE [FLAG]... [SETTING]...", "get DIR KEY", "inspect FILE", ".SS man\n", "demo [FLAG]...", "help [VERB...]",
                 "config set DIR", "config check FILE", "--preset NAME", "--config FILE", "--memtable-size-bytes, --memtable-size VALUE",
                 "16KiB to 16GiB [64MiB]", "one of sync, batch, async [sync]", "--limit VALUE", "key_hex", "\\xNN", ".SH EXIT STATUS",
                 "no database in DIR", "\n.B config set\n", ".SH CONFIRMATION", "keyspace drop DIR NAME [FLAG]...", "--yes", ".B 4\n"):
        check(text in plain, f"the man page has: {text}")
    for text in ("--writer", "--help"):
        check(text not in plain and "--writer" not in run("completion").stdout.decode(), f"neither man page nor completion has {text}")
    for verb in run("completion").stdout.decode().split('compgen -W "')[1].split('"')[0].split():
        check(f".SS {verb}" in plain, f"the man page has the verb {verb}")
    settings = [line.split(" = ")[0] for line in run("config", "show").stdout.decode().splitlines() if " = " in line]
    check(len(settings) > 30, "config show lists the settings")
    for setting in settings:
        check(f".B --{setting.replace('_', '-')}" in plain, f"the man page has the setting {setting}")
    if shutil.which("man"):
        done = subprocess.run(["man", "--warnings", "-l", "-"], input=page.encode(), capture_output=True, timeout=60,
                              env={**os.environ, "MANROFFSEQ": "", "MANWIDTH": "100"})
        check(done.returncode == 0 and done.stderr == b"", f"man takes the page: {done.stderr.decode()}")


def failing_calls(work):
    """The operating system refuses one call: strace answers in its place."""
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        print("command: strace cannot trace here, its cases are skipped")
        return

    def run_refused(call, number, path, *arguments):
        done = subprocess.run(["strace", "-f", "-o", "/dev/null", "-P", path, "-e", f"inject={call}:error=EIO:when={number}",
                               QUIVER, *map(str, arguments)], capture_output=True, timeout=120)
        check(done.returncode == FAILED, f"{call} {number} on {path} fails, so does {arguments[0]}: {done}")
        return done.stderr.decode()

    db = work / "failing"
    run("put", db, "k", "v", "--memtable-size", "1MiB")
    settings = (db / "CONFIG.toml").read_bytes()
    # A verb that writes first opens the directory, then reads these two.
    for number, file in ((2, "IDENTITY"), (3, "CONFIG.toml")):
        said = run_refused("openat", number, db, "put", db, "k", "w")
        check(file in said, f"the message names the file: {said}")
        check((db / "CONFIG.toml").read_bytes() == settings, f"settings that cannot be read are not replaced ({file})")
    rows = work / "failing.jsonl"
    rows.write_text("".join(json.dumps({"key": f"k{i}", "value": "v"}) + "\n" for i in range(10)))
    before = max(int(path.stem) for path in db.glob("*.wal"))
    said = run_refused("fallocate", 1, db / f"{before + 1:010}.wal", "load", db, rows)
    check("rows loaded" not in said, f"a database that does not open loads nothing: {said}")
    said = run_refused("pwritev2", 2, db / f"{before + 1:010}.wal", "load", db, rows)
    check("10 rows loaded" not in said, f"load counts what was acknowledged: {said}")


def usage(work):
    told = lambda *arguments: run(*arguments, expect=USAGE).stderr.decode()
    check(told().startswith("quiver: a verb is required"), "no verb")
    check("unknown verb 'pet'; did you mean 'put' or 'get'?" in told("pet", work / "db", "a", "1"), "a mistyped verb")
    check("did you mean 'show'?" in told("config", "shwo"), "a mistyped verb of config")
    check("mean" not in told("no-such-verb"), "a far name brings no guess")
    check(told("put", work / "db", "a").startswith("quiver put: value is required"), "the verb stands before the message")
    check("unknown flag '--walmode'; did you mean '--wal-mode'?" in told("put", work / "db", "a", "b", "--walmode=sync"), "a flag")
    check("write -- before" in told("put", work / "db", "-a", "b"), "a key that starts with a dash")
    run("put", work / "dash", "--", "-a", "-b")
    check(run("get", work / "dash", "--", "-a").stdout == b"-b", "arguments behind -- are no flags")
    check(run("help", "put").stdout == run("put", "--help").stdout, "help VERB is VERB --help")
    check(run("help", "config", "show").stdout == run("config", "show", "--help").stdout, "help of an inner verb")
    check(run("help").stdout == run("--help").stdout, "help")
    check("did you mean 'put'?" in told("help", "pus"), "help of a mistyped verb")
    for number in ("-1", "", "18446744073709551616", "1x", "many"):
        check("--limit" in told("scan", work / "db", "--limit", number), f"--limit {number} is refused")
    check(run("scan", work / "db", "--limit", "0").stdout == b"", "--limit 0 prints nothing")
    check(run("scan", work / "db", "--limit", "18446744073709551615").stdout != b"", "the largest limit")
    for flags in (["--threads", "-1"], ["--rows", "0"], ["--seed", "x"]):
        check(flags[0] in told("bench", work / "bench", *flags), f"bench {flags}")
    run("get", expect=USAGE)
    run("get", work / "db", "a", "b", expect=USAGE)
    run("scan", work / "db", "--no-such-flag", expect=USAGE)
    check(b"quiver" in run("--version").stdout, "version")
    check(b"4 another process" in b" ".join(run("--help").stdout.split()), "help tells the exit codes")
    check(b"complete -F" in run("completion").stdout, "bash completion")
    empty = work / "no-files"  # whose names would be offered too
    empty.mkdir()
    for words, offered in ((["keyspace", "d"], "drop"), (["keyspace", "drop", "--y"], "--yes"), (["backup", "prune", "--k"], "--keep"),
                           (["delete", "--y"], "--yes")):
        line = f'COMP_WORDS=(quiver {" ".join(words)}); COMP_CWORD={len(words)}; _quiver; echo "${{COMPREPLY[@]}}"'
        done = shell(f"cd {empty}; {run('completion').stdout.decode()}\n{line}")
        check(done.stdout.decode().split() == [offered], f"{words} is completed to {offered}: {done.stdout} {done.stderr}")
    man_page()
    subprocess.run(["bash", "-n"], input=run("completion").stdout, check=True)
    holder = subprocess.Popen([QUIVER, "bench", str(work / "held"), "--workloads", "fillseq", "--rows", "100000000"],
                              stdout=subprocess.DEVNULL)
    for _ in range(100):
        if (work / "held" / "CURRENT").exists():
            break
        subprocess.run(["sleep", "0.1"])
    try:
        busy = run("put", work / "held", "k", "v", expect=BUSY).stderr.decode()
        run("verify", work / "held", expect=BUSY)
        check(str(holder.pid) in busy, f"a locked database names its holder: {busy}")
        for _ in range(100):  # until it has written
            if run("scan", work / "held", "--limit", "3").stdout.count(b"\n") == 3:
                break
            time.sleep(0.1)
        first, rows = (run(verb, work / "held", *more).stdout for verb, *more in (("scan", "--limit", "1", "--keys-only"), ("export", "--limit", "3")))
        check(run("get", work / "held", first.decode().strip()).stdout != b"" and len(rows.splitlines()) == 3, "it is read while another process writes it")
        check(int(run("count", work / "held").stdout) > 0 and run("keyspace", "list", work / "held").stdout == b"default\n", "and counted")
        check(json.loads(run("stats", work / "held", "--json").stdout)["wal"]["last_sequence"] > 0 and holder.poll() is None, "and measured")
    finally:
        holder.kill()
        holder.wait()
    check(run("verify", work / "held").returncode == DONE, "a killed writer leaves a sound database")
    bench = run("bench", work / "bench", "--rows", "2000", "--json", "--wal-mode", "async", "--workloads",
                "fillseq,fillrandom,fillbatch,overwrite,readrandom,readmissing,multireadrandom,readseq,readreverse,"
                "seekrandom,deleterandom,readwhilewriting,compact,fillsync", "--operations", "500")
    check(len([json.loads(line) for line in bench.stdout.splitlines()]) == 14, "every workload runs")
    run("bench", work / "bench", "--workloads", "fillmoon", expect=USAGE)
    mine = work / "mine"
    run("put", mine, "1764000000000000", "a key of sixteen digits, but not one of bench")
    refused = run("bench", mine, "--rows", "10", expect=FAILED).stderr
    check(b"--use-existing" in refused, f"bench spares a database of somebody else: {refused}")
    check(len(run("scan", mine).stdout.splitlines()) == 1, "and writes nothing to it")
    run("bench", mine, "--rows", "10", "--workloads", "fillseq", "--use-existing")
    check(len(run("scan", mine).stdout.splitlines()) == 11, "--use-existing writes among other rows")


def main():
    os.environ["LC_ALL"] = "C.UTF-8"
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        for part in (data_verbs, scan_bounds, keyspaces, export_and_sql, transfer, admin, copies, recovery, configuration, stored_settings, lost_input, lost_output, failing_calls, confirmations, exit_codes, readme,
                     usage):
            part(work)
    print(f"command: {checks} checks passed")


if __name__ == "__main__":
    main()
