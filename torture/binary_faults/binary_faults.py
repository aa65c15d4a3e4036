#!/usr/bin/env python3
"""torture-binary_faults (T10): the built command when the operating system refuses.

Goal: for each verb (put, delete, flush, compact, load, scan) and each system call that touches the database's files, the N-th
call fails with EIO, ENOSPC or EINTR, or is slow: the exit code says whether it was done, the message says what failed,
and the database is whole.

Method: `strace -P FILE… -e inject=CALL:error=E:when=N` around the built `quiver` on a fresh copy of a small
database, N counting only calls on the database's files; first a clean run of each verb counts its calls.

Oracle: exit code 0 means that the effect is there, 1 that one line on standard error begins with "quiver: " and names the
cause; no other code, no signal, no hang. EINTR and delays are no failures: exit code 0. Afterwards `quiver verify` finds no
damage, `quiver dump` gives the rows of before or, wherever the exit code was 0, of after, and the stored settings are as
before. A load that failed may leave a part of its rows, and no fewer than it says.

What it cannot see: calls of the threads beyond their own N-th one (strace counts in each thread by itself); mmap.

usage: binary_faults.py QUIVER [--seed N] [--seconds S] [--dir D] [--plan VERB/CALL/FAULT/N]
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

TEST = "binary_faults"
CALLS = ("openat", "read", "pread64", "pwrite64", "pwritev2", "fsync", "fdatasync", "renameat", "renameat2", "unlinkat",
         "ftruncate", "fallocate", "getdents64")
FAULTS = {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "EINTR": "error=EINTR", "EMFILE": "error=EMFILE",
          "delay": "delay_enter=30ms"}
# Which faults a call can meet in earnest.
NO_SPACE = {"pwrite64", "pwritev2", "fallocate", "openat", "renameat", "renameat2"}
INTERRUPTED = {"openat", "read", "pread64", "pwrite64", "pwritev2", "fsync", "fdatasync", "ftruncate", "fallocate"}
HARMLESS = {"EINTR", "delay"}
ROWS = 120
LOADED = 300


def clean_environment():
    return {**os.environ, "LC_ALL": "C"}


class Faults:
    def __init__(self, arguments):
        self.quiver = arguments.quiver
        self.seed = arguments.seed
        self.end = time.monotonic() + arguments.seconds
        self.start = time.monotonic()
        self.work = pathlib.Path(arguments.dir) / f"quiver-torture-{TEST}-{os.getpid()}"
        self.work.mkdir(parents=True)
        self.figures = {}
        self.violations = 0

    def count(self, figure, by=1):
        self.figures[figure] = self.figures.get(figure, 0) + by

    def fail(self, plan, what):
        self.violations += 1
        if self.violations <= 20:
            print(f"FAIL {TEST} seed={self.seed} plan={plan}: {what}   repeat: {sys.argv[0]} {self.quiver} "
                  f"--seed {self.seed} --plan '{plan}'", flush=True)

    def run(self, *words, stdin=b""):
        return subprocess.run([self.quiver, *map(str, words)], capture_output=True, input=stdin, timeout=60,
                              env=clean_environment())

    def dump(self, database):
        done = self.run("dump", database)
        if done.returncode != 0:
            return None
        rows = {}
        for line in done.stdout.splitlines():
            row = json.loads(line)
            rows[row["key"]] = row["value"]
        return rows

    # --- the database and the verbs

    def make(self):
        """A database with a table, a newer table and a log; each verb's command and effect."""
        self.base = self.work / "base"
        lines = b"".join(json.dumps({"key": f"key{n:04}", "value": f"old{n}" + "v" * 60}).encode() + b"\n"
                         for n in range(ROWS))
        source = self.work / "base.jsonl"
        source.write_bytes(lines)
        self.must(self.run("load", self.base, source, "--memtable-size", "16KiB"))
        self.must(self.run("flush", self.base))
        for n in range(0, ROWS, 9):
            self.must(self.run("put", self.base, f"key{n:04}", f"new{n}"))
        self.must(self.run("flush", self.base))
        self.must(self.run("put", self.base, "last", "one"))
        self.before = self.dump(self.base)
        self.settings = (self.base / "CONFIG.toml").read_bytes()
        more = self.work / "more.jsonl"
        self.loaded = {f"more{n:04}": f"loaded{n}" + "w" * 100 for n in range(LOADED)}
        more.write_text("".join(json.dumps({"key": key, "value": value}) + "\n" for key, value in self.loaded.items()))
        self.verbs = {
            "put": (["put", "{db}", "key0001", "fresh"], self.before | {"key0001": "fresh"}),
            "delete": (["delete", "{db}", "key0002"], {k: v for k, v in self.before.items() if k != "key0002"}),
            "flush": (["flush", "{db}"], self.before),
            "compact": (["compact", "{db}"], self.before),
            "load": (["load", "{db}", str(more)], self.before | self.loaded),
            "scan": (["scan", "{db}"], self.before),
        }

    def must(self, done):
        if done.returncode != 0:
            raise SystemExit(f"cannot make the database: {done.stderr.decode(errors='replace')}")

    def copy(self):
        database = self.work / "db"
        shutil.rmtree(database, ignore_errors=True)
        shutil.copytree(self.base, database)
        return database

    def path_filter(self, database):
        """Every name that a file of the database may get."""
        names = ["", "CURRENT", "CURRENT.tmp", "IDENTITY", "CONFIG.toml", "CONFIG.toml.tmp"]
        top = max(int(re.sub(r"\D", "", path.name) or 0) for path in self.base.iterdir())
        for number in range(1, top + 12):
            names += [f"{number:010}.wal", f"{number:010}.arrow", f"MANIFEST-{number:010}"]
        words = []
        for name in names:
            words += ["-P", str(database / name) if name else str(database)]
        return words

    def trace(self, database, verb, *words):
        command = [part.replace("{db}", str(database)) for part in self.verbs[verb][0]]
        return subprocess.run(["strace", "-f", "--seccomp-bpf", *self.path_filter(database), *words, self.quiver, *command],
                              capture_output=True, timeout=120, env=clean_environment())

    def plan_all(self):
        """(verb, call, fault, N) for each call of a clean run."""
        plans = []
        for verb in self.verbs:
            database = self.copy()
            log = self.work / "calls"
            done = self.trace(database, verb, "-o", str(log), "-e", "trace=" + ",".join(CALLS))
            self.must(done)
            per_thread = {}
            for line in log.read_text(errors="replace").splitlines():
                match = re.match(r"(\d+) +(\w+)\(", line)
                if match:
                    per_thread[match.groups()] = per_thread.get(match.groups(), 0) + 1
            for call in CALLS:
                most = max((count for (_, name), count in per_thread.items() if name == call), default=0)
                self.count("sites", most)
                for number in range(1, most + 1):
                    plans += [(verb, call, "EIO", number)]
                    plans += [(verb, call, "ENOSPC", number)] if call in NO_SPACE else []
                    plans += [(verb, call, "EINTR", number)] if call in INTERRUPTED else []
                    plans += [(verb, call, "EMFILE", number)] if call == "openat" else []
                    plans += [(verb, call, "delay", number)] if number % 5 == 1 else []
        return plans

    # --- one fault

    def check(self, verb, call, fault, number):
        plan = f"{verb}/{call}/{fault}/{number}"
        database = self.copy()
        log = self.work / "calls"
        try:
            done = self.trace(database, verb, "-o", str(log), "-e", "trace=" + call, "-e",
                              f"inject={call}:{FAULTS[fault]}:when={number}")
        except subprocess.TimeoutExpired:
            return self.fail(plan, "hangs")
        hit = "INJECTED" in (text := log.read_text(errors="replace")) or "DELAYED" in text
        self.count("injections")
        self.count("injections_reached", 1 if hit else 0)
        self.count(f"{verb}_exit_{done.returncode}")
        error = done.stderr.decode(errors="replace")
        if done.returncode not in (0, 1):
            return self.fail(plan, f"exit code {done.returncode}: {error.strip()[:300]}")
        if done.returncode == 1:
            if fault in HARMLESS:
                self.fail(plan, f"{fault} is no failure, but: {error.strip()[:300]}")
            lines = error.splitlines()
            if verb == "load" and lines and re.fullmatch(r"\d+ rows loaded", lines[0]):
                self.check_count(plan, database, int(lines.pop(0).split()[0]))
            if len(lines) != 1 or not lines[0].startswith("quiver: ") or len(lines[0]) < 30:
                self.fail(plan, f"the message is not one line that begins with 'quiver: ': {error.strip()[:300]!r}")
            if fault == "ENOSPC" and "space" not in error:
                self.fail(plan, f"the message does not tell that the disk is full: {error.strip()[:300]}")
        if verb == "scan" and done.returncode == 0 and done.stdout.count(b"\n") != len(self.before):
            self.fail(plan, f"scan prints {done.stdout.count(10)} of {len(self.before)} rows and exit code 0")
        self.check_database(plan, verb, database, done.returncode)

    def check_count(self, plan, database, count):
        """What load says that it loaded is there."""
        rows = self.dump(database) or {}
        present = sum(rows.get(key) == value for key, value in self.loaded.items())
        if present < count:
            self.fail(plan, f"load says that it loaded {count} rows, {present} are there")

    def check_database(self, plan, verb, database, code):
        if (database / "CONFIG.toml").read_bytes() != self.settings:
            return self.fail(plan, "the stored settings have changed")
        verified = self.run("verify", database)
        if verified.returncode != 0:
            return self.fail(plan, "verify afterwards: " + (verified.stdout + verified.stderr).decode(errors="replace")[:300])
        rows = self.dump(database)
        after = self.verbs[verb][1]
        if rows == after or (code != 0 and rows == self.before):
            return self.count("databases_whole")
        if code != 0 and verb == "load" and rows is not None and self.before.items() <= rows.items() <= after.items():
            return self.count("databases_whole")
        return self.fail(plan, f"exit code {code}, but the rows are neither those of before nor those of after "
                               f"({'unreadable' if rows is None else len(rows)})")

    def main(self, plan):
        self.make()
        if plan:
            verb, call, fault, number = plan.split("/")
            self.check(verb, call, fault, int(number))
            return
        plans = self.plan_all()
        self.figures["injections_possible"] = len(plans)
        random.Random(self.seed).shuffle(plans)
        for each in plans:
            if time.monotonic() > self.end:
                break
            self.check(*each)

    def finish(self, skipped=None):
        line = {"test": TEST, "seed": self.seed, "seconds": time.monotonic() - self.start, "passed": self.violations == 0}
        if skipped:
            line["skipped"] = skipped
        line["figures"] = self.figures | {"violations": self.violations}
        if self.violations == 0:
            shutil.rmtree(self.work, ignore_errors=True)
        print(json.dumps(line), flush=True)
        return 1 if self.violations else 77 if skipped else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("quiver")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--dir", default="/tmp")
    parser.add_argument("--plan", default="")
    faults = Faults(parser.parse_args())
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    works = shutil.which("strace") and subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"],
                                                      capture_output=True).returncode == 0
    if not works:
        return faults.finish("strace cannot trace here")
    faults.main(parser.parse_args().plan)
    return faults.finish()


if __name__ == "__main__":
    sys.exit(main())
