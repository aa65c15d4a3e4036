"""What is open when the interpreter ends is closed then."""

from __future__ import annotations

import atexit
import weakref
from typing import Protocol

from ._errors import Error


class _Closable(Protocol):
    def close(self) -> None: ...


_open: weakref.WeakSet[_Closable] = weakref.WeakSet()


def close_at_exit(opened: _Closable) -> None:
    _open.add(opened)


@atexit.register
def _close_all() -> None:
    # The engine's threads must not run on while the interpreter is taken down.
    for opened in list(_open):
        try:
            opened.close()
        except Error:
            pass  # nobody is left to tell; what the log holds is there at the next open
