"""The workload in Quiver: one database, a keyspace each, queried live through its Arrow stream."""

from __future__ import annotations

import pathlib

import duckdb
import orders
import pyarrow as pa
import pyarrow.parquet
import quiver
from workload import MARKER, META, Batch, Record, Workload


class QuiverStore:
    name = title = "Quiver"
    version = quiver.__version__
    heads = ("packed", "typed")
    settings = "defaults (tables of the last level in ZSTD), wal_mode async"

    def __init__(self, directory: pathlib.Path, workload: Workload, memory_bytes: int, **settings: str) -> None:
        self._workload, self.directory = workload, directory
        self._settings = {"wal_mode": "async", "memory_limit_bytes": memory_bytes, **settings}
        self._of_keyspaces = {name: {**of.settings, **settings} for name, of in workload.keyspaces.items()}
        self._open()

    def _open(self) -> None:
        self._db = quiver.Database(self.directory, **self._settings)
        self._keyspaces = {name: self._db.keyspace(name, create=True, **of) for name, of in self._of_keyspaces.items()}

    def reopen(self) -> None:
        self.close()
        self._open()

    def keyspace(self, name: str) -> quiver.Keyspace:
        return self._keyspaces[name]

    def compact(self) -> None:
        for keyspace in self._keyspaces.values():
            keyspace.compact()
        self.settle()

    def prepare(self, keyspace: str, records: list[Record]) -> list[Record]:
        return records

    def load(self, keyspace: str, records: list[Record]) -> None:
        self._keyspaces[keyspace].put_many(records, atomic=False)

    def write(self, batch: Batch) -> None:
        with self._db.batch() as writes:
            for name, records in batch.items():
                keyspace = self._keyspaces[name]
                for key, value in records:
                    writes.put(key, value, keyspace=keyspace)

    def settle(self) -> None:
        self._db.wait_for_background_work()

    def query(self, head: str) -> list[tuple]:
        return self._sql(self._db.snapshot(), head)

    def checked_query(self, directory: pathlib.Path) -> tuple[int, list[tuple], list[tuple]]:
        """The number of the last batch in a state, the answer to the query on it, and on its export to Parquet."""
        with self._db.snapshot() as snapshot:
            live = self._sql(snapshot, "packed")
            number = int.from_bytes(snapshot.keyspace(META)[MARKER], "big")
            with duckdb.connect() as files:
                for name in self._keyspaces:
                    path = directory / f"{name}.parquet"
                    pyarrow.parquet.write_table(pa.table(snapshot.keyspace(name)), path)
                    files.read_parquet(str(path)).create_view(name)
                return number, live, files.sql(self._workload.sql("packed")).fetchall()

    def _sql(self, snapshot: quiver.Snapshot, head: str) -> list[tuple]:
        tables = {"typed": orders.typed(snapshot.keyspace("orders"))} if head == "typed" else {}
        return snapshot.sql(self._workload.sql(head), **tables).fetchall()

    def close(self) -> None:
        self._db.close()
