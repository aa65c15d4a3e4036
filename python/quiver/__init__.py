"""Quiver: an embeddable, ordered, persistent key-value database whose tables are Apache Arrow files.

    import quiver

    with quiver.Database("/tmp/fruit") as db:
        db[b"apple"] = b"red"                      # durable when it returns
        for key, value in db.items(prefix=b"a"):   # in key order, read as the loop goes
            print(key, value)
        print(db.sql("select count(*) from db"))   # with DuckDB installed

Keys and values are bytes: anything with the buffer protocol goes in, bytes come out.
"""

from ._database import Database
from ._engine import Batch, Cursor, Keyspace, Scan, Snapshot, Transaction, decode_int64, encode_int64, repair, verify
from ._engine import version as __version__
from ._errors import (
    BusyError,
    ClosedError,
    ConflictError,
    CorruptionError,
    Error,
    InternalError,
    InvalidArgumentError,
    IoError,
    NoSpaceError,
    NotFoundError,
    ReadOnlyError,
    UnsupportedError,
)

__all__ = [
    "Batch",
    "BusyError",
    "ClosedError",
    "ConflictError",
    "CorruptionError",
    "Cursor",
    "Database",
    "Error",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "Keyspace",
    "NoSpaceError",
    "NotFoundError",
    "ReadOnlyError",
    "Scan",
    "Snapshot",
    "Transaction",
    "UnsupportedError",
    "__version__",
    "decode_int64",
    "encode_int64",
    "repair",
    "verify",
]
