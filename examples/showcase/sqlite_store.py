"""The workload in SQLite: a table of proper columns each, in WAL mode, queried by its own SQL."""

from __future__ import annotations

import pathlib
import sqlite3

from workload import Batch, Record, Workload


class SqliteStore:
    name = title = "SQLite"
    version = sqlite3.sqlite_version
    heads = ("columns",)
    settings = "WAL mode, synchronous NORMAL, tables of columns clustered by their keys, cache as large as the others' memory"

    def __init__(self, path: pathlib.Path, workload: Workload, memory_bytes: int, synchronous: str = "normal") -> None:
        self._workload, self._path, self._memory_bytes, self._synchronous = workload, path, memory_bytes, synchronous
        self._reader, self._writer = self._connect(), self._connect()
        self._inserts = {}
        for name, keyspace in workload.keyspaces.items():
            self._writer.execute(f"create table {name} ({keyspace.columns}")
            width = len(self._writer.execute(f"select * from {name}").description)
            self._inserts[name] = f"insert or replace into {name} values ({', '.join('?' * width)})"

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = wal", f"synchronous = {self._synchronous}", f"cache_size = -{self._memory_bytes >> 10}", "temp_store = memory",
                       f"mmap_size = {self._memory_bytes}"):
            connection.execute(f"pragma {pragma}")
        return connection

    def prepare(self, keyspace: str, records: list[Record]) -> list[tuple]:
        to_row = self._workload.keyspaces[keyspace].to_row
        return [to_row(key, value) for key, value in records]

    def load(self, keyspace: str, rows: list[tuple]) -> None:
        self.write({keyspace: rows})

    def write(self, batch: dict[str, list[tuple]]) -> None:
        self._writer.execute("begin immediate")
        for name, rows in batch.items():
            self._writer.executemany(self._inserts[name], rows)
        self._writer.execute("commit")

    def settle(self) -> None:
        self._writer.execute("pragma wal_checkpoint(truncate)")

    def query(self, head: str) -> list[tuple]:
        return self._reader.execute(self._workload.sql(head)).fetchall()

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
