"""What a data set of the showcase gives: records, writes and one SQL query.

A record is a key and a value, bytes both, in a keyspace. SQLite gets the same records as rows of proper columns. Everything
is a function of a seed and a number: any state can be made again from the loaded records and the number of batches behind it.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

Record = tuple[bytes, bytes]
Batch = dict[str, list[Record]]  # by keyspace; written all or nothing

META, MARKER = "meta", b"batch"  # every batch stores its number here: a state says which batches are in it


@dataclasses.dataclass(frozen=True)
class Keyspace:
    settings: dict[str, str | int]  # of Quiver
    columns: str  # of SQLite's table
    to_row: Callable[[bytes, bytes], tuple]  # a record as a row of that table
    index: str = ""  # statement, where one helps


class Workload(ABC):
    name: str
    title: str
    keyspaces: dict[str, Keyspace]
    heads: dict[str, str]  # by way of reading: what the tables `left` and `right` of the query are
    body: str  # the query proper: the same for all
    batch_rows: int
    scanned = ""  # the keyspace that is large enough to time its reading row by row

    @abstractmethod
    def count(self) -> dict[str, int]:
        """Records by keyspace, as loaded."""

    @abstractmethod
    def records(self, keyspace: str) -> Iterator[list[Record]]:
        """What is loaded, in the order of keys, in chunks."""

    @abstractmethod
    def batch(self, number: int) -> Batch:
        """Write `number`, from 1 on: new records and changed ones."""

    def sql(self, head: str) -> str:
        return f"with {self.heads[head]}\n{self.body}"


def marker(number: int) -> Batch:
    return {META: [(MARKER, number.to_bytes(8, "big"))]}


META_KEYSPACE = Keyspace({}, "name text primary key, number integer) strict", lambda key, value: (key.decode(), int.from_bytes(value, "big")))
