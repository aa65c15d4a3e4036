#!/usr/bin/env python3
"""torture-binary_faults (T10): the built command when the operating system refuses.

Goal: for each verb of verbs.py and each system call that touches the files of the database, of its backups and of what the
verb makes, the N-th call fails with EIO, ENOSPC, EMFILE or EINTR, or is slow: the exit code says whether it was done, the
message says what failed, what was there stays, and what the command says it did is done.

Method: `strace -P FILE… -e inject=CALL:error=E:when=N` around the built `quiver` on fresh copies of a small database and its
backups, N counting only calls on those files; first a clean run of each verb finds the files and counts the calls.

Oracle: exit code 0 means that the effect is there, 1 that one line on standard error begins with "quiver: " and names the
cause; no other code, no signal, no hang. EINTR, delays and a link that cannot be made (a copy takes its place) are no
failures: exit code 0. Of verify the one line is on standard output and begins with "damaged: "; a repair names what it could not read
as lost. Afterwards `quiver verify` finds no damage, and all keyspaces hold the rows of before or, wherever the exit
code was 0, of after; the stored settings are as before. A load that failed may leave a part of its rows, and no fewer than it says.
Backups that were there verify and restore to what they held; a copy or backup that failed is none, or whole, and a backup can
be made again. What reads every byte (verify) says so when a read failed.

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
import threading
import time

from verbs import Look, make_base, make_verbs, paths_of

TEST = "binary_faults"
CALLS = ("openat", "read", "pread64", "pwrite64", "pwritev2", "fsync", "fdatasync", "renameat", "renameat2", "unlinkat",
         "ftruncate", "fallocate", "getdents64", "linkat", "mkdir", "rmdir")
FAULTS = {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "EINTR": "error=EINTR", "EMFILE": "error=EMFILE",
          "EXDEV": "error=EXDEV", "delay": "delay_enter=30ms"}
# Which faults a call can meet in earnest.
NO_SPACE = {"pwrite64", "pwritev2", "fallocate", "openat", "renameat", "renameat2", "linkat", "mkdir"}
INTERRUPTED = {"openat", "read", "pread64", "pwrite64", "pwritev2", "fsync", "fdatasync", "ftruncate", "fallocate"}
HARMLESS = {"EINTR", "delay", "EXDEV"}
# A failed call that reads, which what reads every byte has to tell.
READS = {"openat", "read", "pread64"}


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
        self.paths = {}
        self.lock = threading.Lock()

    def count(self, figure, by=1):
        with self.lock:
            self.figures[figure] = self.figures.get(figure, 0) + by

    def fail(self, plan, what):
        with self.lock:
            self.violations += 1
            if self.violations > 20:
                return
            print(f"FAIL {TEST} seed={self.seed} plan={plan}: {what}   repeat: {sys.argv[0]} {self.quiver} "
                  f"--seed {self.seed} --plan '{plan}'", flush=True)

    def run(self, *words, stdin=b""):
        return subprocess.run([self.quiver, *map(str, words)], capture_output=True, input=stdin, timeout=60,
                              env=clean_environment())

    # --- the database and the verbs

    def make(self):
        files = Look(self.run, self.work)
        base = self.work / "base"
        base.mkdir()
        states, self.loaded = make_base(files, base)
        self.before = files.state(base / "db")
        self.settings = (base / "db" / "CONFIG.toml").read_bytes()
        self.verbs = make_verbs(files, self.before, states, self.loaded)

    def place(self, number):
        """Where one worker has its copies."""
        return Look(self.run, self.work / f"run{number}")

    def fresh(self, look):
        """Copies of the database and its backups, and nothing else."""
        shutil.rmtree(look.work, ignore_errors=True)
        shutil.copytree(self.work / "base", look.work)

    def trace(self, look, verb, *words):
        place = look.work
        command = [part.format(db=place / "db", backups=place / "backups", out=place / "out") for part in self.verbs[verb].command]
        return subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", f"{place}.calls", *words, self.quiver, *command], capture_output=True,
                              timeout=120, env=clean_environment())

    def calls(self, look):
        return pathlib.Path(f"{look.work}.calls").read_text(errors="replace")

    def find_paths(self, look, verb):
        """The files of this verb: all that a clean run names."""
        self.fresh(look)
        done = self.trace(look, verb, "-y", "-e", "trace=%file,%desc")
        if done.returncode != 0:
            raise SystemExit(f"{verb} fails without a fault: {done.stderr.decode(errors='replace')}")
        self.paths[verb] = sorted(paths_of(self.calls(look), look.work))

    def path_filter(self, look, verb):
        return [word for path in self.paths[verb] for word in ("-P", f"{look.work}{path}")]

    def plan_all(self):
        """(verb, call, fault, N) for each call of a clean run."""
        plans = []
        look = self.place(0)
        for verb in self.verbs:
            self.find_paths(look, verb)
            self.fresh(look)
            done = self.trace(look, verb, *self.path_filter(look, verb), "-e", "trace=" + ",".join(CALLS))
            if done.returncode != 0 or (wrong := self.verbs[verb].check(look, done)):
                raise SystemExit(f"{verb} fails without a fault: {done.stderr.decode(errors='replace')}{wrong if done.returncode == 0 else ''}")
            per_thread = {}
            for line in self.calls(look).splitlines():
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
                    plans += [(verb, call, "EXDEV", number)] if call == "linkat" else []
                    plans += [(verb, call, "delay", number)] if number % 5 == 1 else []
        return plans

    # --- one fault

    def check(self, look, verb, call, fault, number):
        plan = f"{verb}/{call}/{fault}/{number}"
        self.fresh(look)
        try:
            done = self.trace(look, verb, *self.path_filter(look, verb), "-e", "trace=" + call, "-e", f"inject={call}:{FAULTS[fault]}:when={number}")
        except subprocess.TimeoutExpired:
            return self.fail(plan, "hangs")
        hit = "INJECTED" in (text := self.calls(look)) or "DELAYED" in text
        self.count("injections")
        self.count("injections_reached", 1 if hit else 0)
        self.count(f"{verb}_exit_{done.returncode}")
        error = re.sub(r"^strace: .*\n", "", done.stderr.decode(errors="replace"), flags=re.M)
        if done.returncode not in (0, 1):
            return self.fail(plan, f"exit code {done.returncode}: {error.strip()[:300]}")
        if done.returncode == 1:
            if self.verbs[verb].must_see and not error:
                found = [line for line in done.stdout.decode(errors="replace").splitlines() if line.startswith("damaged: ")]
                error = f"quiver: {found[0]}" if len(found) == 1 else ""
            self.check_message(plan, verb, fault, look, error)
        elif hit and self.verbs[verb].must_see and call in READS and fault not in HARMLESS:
            self.fail(plan, f"all is said to be well, though {call} failed")
        if wrong := self.verbs[verb].check(look, done):
            return self.fail(plan, f"exit code {done.returncode}: {wrong}")
        self.check_database(plan, verb, look, done.returncode)

    def check_message(self, plan, verb, fault, look, error):
        if fault in HARMLESS:
            self.fail(plan, f"{fault} is no failure, but: {error.strip()[:300]}")
        lines = error.splitlines()
        if verb == "load" and lines and re.fullmatch(r"\d+ rows loaded", lines[0]):
            self.check_count(plan, look, int(lines.pop(0).split()[0]))
        if len(lines) != 1 or not lines[0].startswith("quiver: ") or len(lines[0]) < 30:
            self.fail(plan, f"the message is not one line that begins with 'quiver: ': {error.strip()[:300]!r}")
        if fault == "ENOSPC" and "space" not in error:
            self.fail(plan, f"the message does not tell that the disk is full: {error.strip()[:300]}")

    def check_count(self, plan, look, count):
        """What load says that it loaded is there."""
        rows = look.rows(look.work / "db") or {}
        present = sum(rows.get(key) == value for key, value in self.loaded.items())
        if present < count:
            self.fail(plan, f"load says that it loaded {count} rows, {present} are there")

    def check_database(self, plan, verb, look, code):
        database = look.work / "db"
        if (database / "CONFIG.toml").read_bytes() != self.settings:
            return self.fail(plan, "the stored settings have changed")
        verified = self.run("verify", database)
        if verified.returncode != 0:
            return self.fail(plan, "verify afterwards: " + (verified.stdout + verified.stderr).decode(errors="replace")[:300])
        state = look.state(database)
        after = self.verbs[verb].after
        if state == after or (code != 0 and state == self.before):
            return self.count("databases_whole")
        if code != 0 and self.verbs[verb].in_part and state is not None and state.keyspaces == after.keyspaces and \
                self.before.rows.items() <= state.rows.items() <= after.rows.items():
            return self.count("databases_whole")
        return self.fail(plan, f"exit code {code}, but the rows are neither those of before nor those of after "
                               f"({'unreadable' if state is None else len(state.rows)})")

    def main(self, plan):
        self.make()
        if plan:
            verb, call, fault, number = plan.split("/")
            look = self.place(0)
            self.find_paths(look, verb)
            self.check(look, verb, call, fault, int(number))
            return
        plans = self.plan_all()
        self.figures |= {"injections_possible": len(plans), "verbs": len(self.verbs)}
        random.Random(self.seed).shuffle(plans)
        workers = [threading.Thread(target=self.work_off, args=(self.place(number), plans)) for number in range(os.cpu_count() or 1)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def work_off(self, look, plans):
        while time.monotonic() < self.end:
            with self.lock:
                if not plans:
                    return
                plan = plans.pop()
            try:
                self.check(look, *plan)
            except Exception as error:  # a thread that ends in silence would be a test that passes
                self.fail("/".join(map(str, plan)), f"the check itself failed: {error!r}")

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
