"""Database: the engine's class, closed at the latest when the interpreter ends."""

from __future__ import annotations

import atexit
import os
import weakref

from . import _engine
from ._errors import Error

_open: weakref.WeakSet[Database] = weakref.WeakSet()


class Database(_engine.Database):
    """An ordered key-value store in a directory; bytes to bytes.

    It is created if it is not there. `preset` ("balanced", "high_performance", "memory_efficient") and the settings of
    docs/configuration.md by name (`wal_mode="batch"`, `memory_limit_bytes="256MiB"`) are stored with it; an existing
    database keeps the settings it has but for those that are given. With `read_only` nothing is written.

    All methods may be called by any number of threads. While the engine works, other Python threads run.
    """

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        preset: str | None = None,
        read_only: bool = False,
        **settings: str | int | bool,
    ) -> None:
        super().__init__(path, preset=preset, read_only=read_only, **settings)
        _open.add(self)


@atexit.register
def _close_all() -> None:
    # The engine's threads must not run on while the interpreter is taken down.
    for database in list(_open):
        try:
            database.close()
        except Error:
            pass  # nobody is left to tell; what the log holds is there at the next open
