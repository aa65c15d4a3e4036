"""The types of reports: dicts that the engine fills."""

from __future__ import annotations

import datetime
from typing import TypedDict


class Damage(TypedDict):
    """One damaged place."""

    file: str
    offset: int
    what: str


class KeyspaceSummary(TypedDict):
    """What verify() says of a keyspace."""

    id: int
    name: str
    tables: int
    bytes: int
    entries: int
    expiring_tables: int
    range_deletes: int


class VerifyReport(TypedDict):
    """Of verify()."""

    files: int
    bytes: int
    entries: int
    damages: list[Damage]
    keyspaces: list[KeyspaceSummary]
    notes: list[str]


class RepairReport(TypedDict):
    """Of repair(); `lost` names each part that could not be read."""

    entries_recovered: int
    tables_read: int
    segments_read: int
    lost: list[str]


class RecoveryReport(TypedDict):
    """What an open found in the directory and what it did about it."""

    created: bool
    clean_shutdown: bool
    segments_replayed: int
    batches_replayed: int
    entries_replayed: int
    bytes_replayed: int
    last_sequence: int
    torn_tail_bytes: int
    duration_ms: int
    notes: list[str]
    losses: list[str]
    orphans_removed: list[str]
    foreign_files: list[str]


class CheckpointReport(TypedDict):
    """Of Database.checkpoint(): the copy holds exactly what was written up to `sequence`."""

    sequence: int
    tables_linked: int
    tables_copied: int
    tables_written: int
    bytes: int


class BackupInfo(TypedDict):
    """A backup: it holds exactly what was written up to `sequence`; `new_bytes` are those that no earlier one held."""

    id: int
    database_id: str
    created: datetime.datetime
    sequence: int
    files: int
    bytes: int
    new_bytes: int


class BackupList(TypedDict):
    """Of list_backups(): oldest first; `damages` are descriptions that do not verify."""

    backups: list[BackupInfo]
    damages: list[Damage]


class BackupVerifyReport(TypedDict):
    """Of verify_backup(); a file that several backups share counts once."""

    backups: int
    files: int
    bytes: int
    damages: list[Damage]


class DatasetReport(TypedDict):
    """Of export_dataset(). `exact`: each key stands in one row, and each row is a live one; else `notes` say what to leave out."""

    sequence: int
    files: int
    linked_files: int
    rows: int
    bytes: int
    exact: bool
    notes: list[str]


class IngestReport(TypedDict):
    """Of ingest(): `rows_written` are those that no later row replaced, `sequence` is that of all rows (0: there were none)."""

    rows_read: int
    rows_written: int
    tables: int
    table_bytes: int
    level: int
    was_sorted: bool
    spilled_bytes: int
    sequence: int


class KeyspaceMetrics(TypedDict):
    """The sizes of a keyspace; `entries` are those in tables, old versions and deletes included."""

    name: str
    tables: int
    table_bytes: int
    entries: int
    memtable_bytes: int
