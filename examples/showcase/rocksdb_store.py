"""The workload in RocksDB: a column family each, iterated from Python into Arrow batches, queried by DuckDB.

The binding is rocksdict, whose wheels carry a release build. The iteration is the fastest that was found with it (docs/showcase.md
has the others).
"""

from __future__ import annotations

import pathlib
import time
from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain, islice

import duckdb
import orders
import pyarrow as pa
import rocksdict
from workload import Batch, Record, Workload

CHUNK_ROWS = 8192  # larger ones fall out of the processor's cache between Python's objects and Arrow's buffers
SCHEMA = pa.schema([("key", pa.binary()), ("value", pa.binary())])


def batches(snapshot: rocksdict.Snapshot) -> Iterator[pa.RecordBatch]:
    items = iter(snapshot.items())
    # Tuples that are taken apart at once: kept in a list, millions of them make the garbage collector run without end.
    while flat := list(chain.from_iterable(islice(items, CHUNK_ROWS))):
        yield pa.RecordBatch.from_arrays([pa.array(flat[::2], pa.binary()), pa.array(flat[1::2], pa.binary())], schema=SCHEMA)


class RocksDbStore:
    name = title = "RocksDB"
    heads = ("packed", "typed")
    settings = "blocks of 32 KiB, last level in ZSTD, cache as large as the others' memory, log not synced"

    def __init__(self, directory: pathlib.Path, workload: Workload, memory_bytes: int) -> None:
        self._workload = workload
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.create_missing_column_families(True)
        options.increase_parallelism(2)
        options.set_compression_type(rocksdict.DBCompressionType.none())
        options.set_bottommost_compression_type(rocksdict.DBCompressionType.zstd())
        table = rocksdict.BlockBasedOptions()
        table.set_block_cache(rocksdict.Cache(memory_bytes))
        table.set_block_size(32 << 10)
        options.set_block_based_table_factory(table)
        self._db = rocksdict.Rdict(str(directory), options, {name: options for name in (*workload.keyspaces, "default")})
        log = (directory / "LOG").read_text(errors="replace")
        self.version = f"rocksdict {version('rocksdict')}, RocksDB {log.split('RocksDB version: ')[1].split()[0]}"
        self._families = {name: self._db.get_column_family(name) for name in workload.keyspaces}
        self._handles = {name: self._db.get_column_family_handle(name) for name in workload.keyspaces}

    def prepare(self, keyspace: str, records: list[Record]) -> list[Record]:
        return records

    def load(self, keyspace: str, records: list[Record]) -> None:
        for begin in range(0, len(records), 10_000):
            self.write({keyspace: records[begin : begin + 10_000]})

    def write(self, batch: Batch) -> None:
        writes = rocksdict.WriteBatch(raw_mode=True)
        for name, records in batch.items():
            handle = self._handles[name]
            for key, value in records:
                writes.put(key, value, handle)
        self._db.write(writes)

    def settle(self) -> None:
        busy = "num-running-compactions", "compaction-pending", "num-running-flushes", "mem-table-flush-pending"
        while any(family.property_int_value(f"rocksdb.{name}") for family in self._families.values() for name in busy):
            time.sleep(0.05)

    def family(self, name: str) -> rocksdict.Rdict:
        return self._families[name]

    def compact(self) -> None:
        for family in self._families.values():
            family.compact_range(None, None)
        self.settle()

    def table(self, name: str) -> pa.Table:
        return pa.Table.from_batches(batches(self._families[name].snapshot()), SCHEMA)

    def query(self, head: str) -> list[tuple]:
        with duckdb.connect(config={"python_enable_replacements": False}) as connection:
            # A snapshot of rocksdict is of one column family: these are not of the same moment.
            snapshots = {name: family.snapshot() for name, family in self._families.items()}
            for name, snapshot in snapshots.items():
                connection.register(name, pa.RecordBatchReader.from_batches(SCHEMA, batches(snapshot)))
            if head == "typed":
                rows = pa.RecordBatchReader.from_batches(SCHEMA, batches(snapshots["orders"]))
                connection.register("typed", orders.typed(rows))
            return connection.sql(self._workload.sql(head)).fetchall()

    def close(self) -> None:
        self._families.clear()
        self._handles.clear()
        self._db.close()
