"""Quiver: an embeddable, ordered, persistent key-value database whose tables are Apache Arrow files.

    import quiver

    with quiver.Database("/tmp/fruit") as db:
        db[b"apple"] = b"red"                      # durable when it returns
        for key, value in db.items(prefix=b"a"):   # in key order, read as the loop goes
            print(key, value)
        print(db.sql("select count(*) from db"))   # with DuckDB installed

Keys and values are bytes: anything with the buffer protocol goes in, bytes come out.
"""

from . import _interpreter  # noqa: F401, I001: before the engine is loaded
from ._database import Database, Follower
from ._engine import (
    Batch,
    Cursor,
    FollowerKeyspace,
    Keyspace,
    Scan,
    Snapshot,
    Transaction,
    decode_int64,
    delete_backup,
    encode_int64,
    list_backups,
    prune_backups,
    repair,
    restore_backup,
    verify,
    verify_backup,
)
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
from ._reports import (
    BackupInfo,
    BackupList,
    BackupVerifyReport,
    CheckpointReport,
    Damage,
    DatasetReport,
    IngestReport,
    KeyspaceMetrics,
    KeyspaceSummary,
    RecoveryReport,
    RepairReport,
    VerifyReport,
)

__all__ = [
    "BackupInfo",
    "BackupList",
    "BackupVerifyReport",
    "Batch",
    "BusyError",
    "CheckpointReport",
    "ClosedError",
    "ConflictError",
    "CorruptionError",
    "Cursor",
    "Damage",
    "Database",
    "DatasetReport",
    "Error",
    "Follower",
    "FollowerKeyspace",
    "IngestReport",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "Keyspace",
    "KeyspaceMetrics",
    "KeyspaceSummary",
    "NoSpaceError",
    "NotFoundError",
    "ReadOnlyError",
    "RecoveryReport",
    "RepairReport",
    "Scan",
    "Snapshot",
    "Transaction",
    "UnsupportedError",
    "VerifyReport",
    "__version__",
    "decode_int64",
    "delete_backup",
    "encode_int64",
    "list_backups",
    "prune_backups",
    "repair",
    "restore_backup",
    "verify",
    "verify_backup",
]
