"""The timed part of the showcase: loads, write rates, the query idle and under write load, and plain reading."""

from __future__ import annotations

import collections
import gc
import pathlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.ipc
from workload import Workload
from writer import Writer

ALONE_ROWS = 30_000
WARM_UP_S = 0.3  # of the write load, before a query begins under it


class Figures:
    """Samples by row and store; a row's figure is their median."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str, str, str], list[float]] = {}

    def add(self, workload: str, row: str, store: str, unit: str, value: float) -> None:
        self._samples.setdefault((workload, row, store, unit), []).append(value)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {"workload": workload, "row": row, "store": store, "unit": unit, "median": statistics.median(samples),
             "min": min(samples), "max": max(samples), "samples": len(samples)}
            for (workload, row, store, unit), samples in self._samples.items()
        ]  # fmt: skip


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()  # of what came before
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def load(store: Any, workload: Workload) -> float:
    """Loads all records in the order of keys; the time of the store alone, until it is at rest."""
    total = 0.0
    for keyspace in workload.count():
        for records in workload.records(keyspace):
            prepared = store.prepare(keyspace, records)
            begin = time.perf_counter()
            store.load(keyspace, prepared)
            total += time.perf_counter() - begin
    return total + seconds(store.settle)[0]


def query_under_load(store: Any, writer: Writer, head: str, rate: float) -> tuple[float, float, list[tuple]]:
    """The query while the writer works: its time, the rows written a second meanwhile, and its answer."""
    writer.start(rate)
    try:
        time.sleep(WARM_UP_S)
        before = writer.applied
        took, answer = seconds(lambda: store.query(head))
        written = writer.applied - before
    finally:
        writer.stop()
    return took, written * writer.workload.batch_rows / took, answer


def measure(figures: Figures, stores: list[Any], writers: list[Writer], workload: Workload, rounds: int, rate: float) -> None:
    """Rounds of all stores in turn; each store is let rest before the next begins. Caches are warm: each way of asking is tried before."""
    for store in stores:
        for head in store.heads:
            if head in workload.heads:
                store.query(head)
    for _ in range(rounds):
        for store, writer in zip(stores, writers):
            figures.add(workload.name, "write alone", store.name, "rows/s", writer.rate_alone(ALONE_ROWS // workload.batch_rows))
            store.settle()
            for head in store.heads:
                if head not in workload.heads:
                    continue
                way = "query" if head != "typed" else "query, fields by numpy"
                figures.add(workload.name, way, store.name, "s", seconds(lambda: store.query(head))[0])
                took, written, _ = query_under_load(store, writer, head, rate)
                figures.add(workload.name, f"{way}, under write load", store.name, "s", took)
                figures.add(workload.name, "write under query", store.name, "rows/s", written)
            store.settle()


def stream_rows(quiver: Any, keyspace: str) -> int:
    return sum(batch.num_rows for batch in pa.RecordBatchReader.from_stream(quiver.keyspace(keyspace).snapshot()))


def reading(figures: Figures, quiver: Any, rocksdb: Any, workload: Workload, rounds: int) -> None:
    """Rows a second of the Arrow stream, of RocksDB's iterator from Python, and of a plain read of Quiver's own files.

    First as the writes have left the databases, then with all runs merged, where a plain read of the files shows the same rows.
    """

    keyspace = workload.scanned

    def state(name: str, more: dict[tuple[str, str], Callable[[], int]]) -> None:
        ways = {
            ("stream", "Quiver"): lambda: stream_rows(quiver, keyspace),
            ("stream into a table", "Quiver"): lambda: pa.table(quiver.keyspace(keyspace).snapshot()).num_rows,
            ("iterator", "Quiver"): lambda: count(quiver.keyspace(keyspace).items()),
            ("iterator", "RocksDB"): lambda: count(rocksdb.family(keyspace).snapshot().items()),
            ("iterator into a table", "RocksDB"): lambda: rocksdb.table(keyspace).num_rows,
            **more,
        }
        for _ in range(rounds):
            for (way, store), call in ways.items():
                took, rows = seconds(call)
                figures.add(workload.name, f"{way}, {name}", store, "rows/s", rows / took)

    state("as written", {})
    quiver.compact()
    rocksdb.compact()
    state("merged", {("files into tables", "pyarrow"): lambda: read_files(sorted(quiver.directory.glob("*.arrow")))})
    for _ in range(rounds):
        quiver.reopen()  # an empty block cache; the operating system still has the files
        took, rows = seconds(lambda: stream_rows(quiver, keyspace))
        figures.add(workload.name, "stream, merged, first after open", "Quiver", "rows/s", rows / took)


def count(iterator: Any) -> int:
    counter = enumerate(iterator, 1)
    last = collections.deque(counter, maxlen=1)  # consumes without a step of the interpreter for each row
    return last[0][0] if last else 0


def read_files(files: list[pathlib.Path]) -> int:
    """Rows of Arrow files, their keys and values read into tables by pyarrow as one reads any Arrow file."""
    options = pa.ipc.IpcReadOptions(included_fields=[0, 1])
    tables = []
    for path in files:
        with pa.memory_map(str(path)) as source:
            tables.append(pa.ipc.open_file(source, options=options).read_all())
    return sum(table.num_rows for table in tables)
