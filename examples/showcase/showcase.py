#!/usr/bin/env python3
"""SQL over a live key-value database under write load, checked against an export of the same state, beside RocksDB and SQLite.

usage: showcase.py --index FILE [--orders N] [--directory DIR] [--rounds N] [--rate ROWS] [--check]

Two data sets: a Debian package index, and generated orders. With --check it only checks: a state queried while it is written must
give the answer that its export gives, and that SQLite gives after the same batches. Exit status 1 if any answer differs.
`make showcase` installs what it needs and runs it; docs/showcase.md has the method and figures.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time
from typing import Any

import duckdb
import figures as timing
import pyarrow
import report
from index import PackageIndex
from orders import Orders
from quiver_store import QuiverStore
from sqlite_store import SqliteStore
from workload import Workload
from writer import Writer

CHECKED_STATES = 5
CHECKED_STATE_TRIES = 20


@dataclasses.dataclass
class Check:
    workload: str
    what: str
    passed: bool
    detail: str


class Checks(list[Check]):
    def expect(self, workload: Workload, what: str, passed: bool, detail: str) -> None:
        self.append(Check(workload.name, what, passed, detail))
        print(f"  {'ok' if passed else 'FAILED'}: {what}: {detail}", flush=True)


def check_live_states(checks: Checks, store: QuiverStore, writer: Writer, directory: pathlib.Path, rate: float, oracle: Any) -> None:
    """Queries states while they are written: each against its export, and against SQLite where there is an oracle."""
    workload, seen = writer.workload, set()
    for _ in range(CHECKED_STATES):
        # On a busy machine the writer may not come to write while the query runs: then once more.
        for _ in range(CHECKED_STATE_TRIES):
            writer.start(rate)
            try:
                time.sleep(timing.WARM_UP_S)
                before = writer.applied
                number, live, exported = store.checked_query(directory)
                after = writer.applied
            finally:
                writer.stop()
            if after > before or live != exported:
                break
        seen.add(str(live))
        moment = f"{len(live)} rows after batch {number:,}, {after - before:,} more written meanwhile"
        checks.expect(workload, "query of the live state = query of its export", live == exported and live != [] and after > before, moment)
        if oracle:
            oracle.write_up_to(number)
            checks.expect(workload, "the same from SQLite after the same batches", live == oracle.store.query("columns"), moment)
    checks.expect(workload, "the writes change the answer", len(seen) == CHECKED_STATES, f"{len(seen)} answers of {CHECKED_STATES} states")


def check(checks: Checks, workload: Workload, directory: pathlib.Path, rate: float) -> None:
    # Small memtables, so that flushes and compactions happen between and during the queries.
    store = QuiverStore(directory / "quiver", workload, 64 << 20, memtable_size_bytes="128KiB")
    other = SqliteStore(directory / "sqlite.db", workload, 64 << 20, synchronous="off")
    for each in (store, other):
        timing.load(each, workload)
    check_live_states(checks, store, Writer(store, workload), directory, rate, Writer(other, workload))
    if "typed" in workload.heads:
        checks.expect(workload, "the same with the fields taken apart by numpy", store.query("typed") == store.query("packed"), "at rest")
    store.close()
    other.close()


def compare(checks: Checks, figures: timing.Figures, workload: Workload, directory: pathlib.Path, arguments: argparse.Namespace) -> list:
    from rocksdb_store import RocksDbStore  # only where RocksDB takes part

    memory_bytes = arguments.memory_mib << 20
    quiver, rocksdb = QuiverStore(directory / "quiver", workload, memory_bytes), RocksDbStore(directory / "rocksdb", workload, memory_bytes)
    stores = [quiver, rocksdb, SqliteStore(directory / "sqlite.db", workload, memory_bytes)]
    writers = [Writer(store, workload) for store in stores]
    rows = sum(workload.count().values())
    for store in stores:
        took = timing.load(store, workload)
        figures.add(workload.name, "load", store.name, "rows/s", rows / took)
        print(f"  {store.title}: {rows:,} rows loaded in {took:.1f} s", flush=True)
    timing.measure(figures, stores, writers, workload, arguments.rounds, arguments.rate)
    check_live_states(checks, quiver, writers[0], directory, arguments.rate, None)
    last = max(writer.applied for writer in writers)
    for writer in writers:
        writer.write_up_to(last)
    answers = [store.query(store.heads[0]) for store in stores]
    checks.expect(workload, "Quiver, RocksDB and SQLite give the same answer", answers[0] == answers[1] == answers[2] != [],
                  f"{len(answers[0])} rows, each after {last:,} batches")
    if workload.scanned:
        timing.reading(figures, quiver, rocksdb, workload, arguments.rounds)
    quiver.compact()
    rocksdb.compact()
    for store in stores:
        figures.add(workload.name, "size on disk, merged", store.name, "MiB", size_mib(directory, store.name.lower()))
    for store in stores:
        store.close()
    return [{"name": store.name, "version": store.version, "settings": store.settings} for store in stores]


def size_mib(directory: pathlib.Path, name: str) -> float:
    """Of a database's files, which all are below or begin with its name."""
    files = [path for start in directory.glob(f"{name}*") for path in (start.rglob("*") if start.is_dir() else [start])]
    return sum(path.stat().st_size for path in files if path.is_file()) / (1 << 20)


def facts(arguments: argparse.Namespace, workloads: list[Workload]) -> dict[str, Any]:
    root = pathlib.Path(__file__).resolve().parents[2]
    commit = subprocess.run(["git", "log", "-1", "--format=%h", "--", "include", "src", "python/engine", "python/quiver"], capture_output=True, text=True, cwd=root)
    models = [line.split(": ")[1] for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"), "commit": commit.stdout.strip() or "unknown",
        "machine": f"{len(models)} x {models[0] if models else platform.machine()}", "load_average": os.getloadavg()[0],
        "rounds": arguments.rounds, "offered_rows_per_second": arguments.rate, "memory_mib": arguments.memory_mib,
        "duckdb": duckdb.__version__, "pyarrow": pyarrow.__version__, "python": platform.python_version(),
        "data": {workload.name: {"title": workload.title, "rows": workload.count()} for workload in workloads},
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0], add_help=True)
    parser.add_argument("--index", type=pathlib.Path, required=True)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--directory", type=pathlib.Path, default=pathlib.Path("build/showcase/data"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=20_000)
    parser.add_argument("--memory-mib", type=int, default=1024)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    checks, figures, engines = Checks(), timing.Figures(), []
    begun = facts(arguments, workloads := [PackageIndex(arguments.index), Orders(arguments.orders)])
    for workload in workloads:
        print(f"{workload.title}: " + ", ".join(f"{rows:,} {name}" for name, rows in workload.count().items()), flush=True)
        directory = arguments.directory / workload.name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        if arguments.check:
            check(checks, workload, directory, arguments.rate)
        else:
            engines = compare(checks, figures, workload, directory, arguments)
    result = {"facts": begun, "engines": engines, "checks": [dataclasses.asdict(one) for one in checks], "rows": figures.rows()}
    if not arguments.check:
        (arguments.directory.parent / "showcase.json").write_text(json.dumps(result, indent=1) + "\n")
        (arguments.directory.parent / "showcase.html").write_text(report.page(result, workloads))
        print(report.text(result))
    failed = [one for one in checks if not one.passed]
    print(f"{len(checks) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
