"""Database and Follower: the engine's classes, closed at the latest when the interpreter ends."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Literal, TypeVar

from . import _engine
from ._at_exit import close_at_exit
from ._errors import ConflictError

_T = TypeVar("_T")


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
        close_at_exit(self)

    def retry(
        self,
        function: Callable[[_engine.Transaction], _T],
        *,
        attempts: int = 100,
        isolation: Literal["snapshot", "serializable"] = "snapshot",
        wal_mode: Literal["sync", "batch", "async"] | None = None,
    ) -> _T:
        """Runs `function(transaction)`, commits, and returns what it returned; all of it again if another writer came first.

        After `attempts` the last ConflictError is raised. Between them it waits a random time that grows to 50 ms, so that
        many who want the same key do not meet for ever. The function must have no other effects than on the transaction.
        """
        if attempts < 1:
            raise ValueError("attempts must be at least 1")
        attempt = 1
        while True:
            try:
                with self.transaction(isolation=isolation, wal_mode=wal_mode) as transaction:
                    result = function(transaction)
                return result
            except ConflictError:
                if attempt >= attempts:
                    raise
            time.sleep(random.uniform(0, min(0.05, 0.0005 * 2 ** min(attempt, 10))))
            attempt += 1


class Follower(_engine.Follower):
    """Reads a database that another process writes, and moves to its newest state when told to.

        with quiver.Follower("/tmp/fruit") as follower:
            follower[b"apple"]              # every method of reading that a Database has
            follower.refresh()              # False if nothing has changed

    It sees everything that was acknowledged before the open or refresh, in the order of the writes, with every batch whole.
    Nothing is written into the directory, and the writer is not slowed down. Iterators, snapshots and Arrow streams stay on
    their state when the follower moves on. All methods may be called by any number of threads.
    """

    def __init__(self, path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> None:
        super().__init__(path)
        close_at_exit(self)
