"""The exceptions of Quiver: one class for each error code, chosen by what a caller does next."""

from __future__ import annotations


class Error(Exception):
    """A failure of Quiver. The message names what failed, where, what was expected and what to do.

    `code` is the stable lower-case name of the failure, `file` the file concerned (or None), `offset` the byte at
    fault in it (or None).
    """

    code: str = "internal"
    file: str | None = None
    offset: int | None = None


class InvalidArgumentError(Error, ValueError):
    """The call is wrong: fix it. Nothing was changed."""

    code = "invalid_argument"


class NotFoundError(Error, LookupError):
    """A named thing (database, file, setting) does not exist. A missing key is a KeyError instead."""

    code = "not_found"


class IoError(Error, OSError):
    """The operating system refused: retry or give up."""

    code = "io"


class NoSpaceError(IoError):
    """The disk is full: writes resume by themselves when space returns."""

    code = "no_space"


class CorruptionError(Error):
    """Bytes on disk are not what was written: restore or repair."""

    code = "corruption"


class UnsupportedError(Error):
    """A format, codec or feature that this build does not know."""

    code = "unsupported"


class BusyError(Error):
    """Somebody else holds it (another opener, a stalled write): try later."""

    code = "busy"


class ReadOnlyError(Error):
    """The database accepts no writes; the message says why."""

    code = "read_only"


class ClosedError(Error):
    """The database (or the snapshot) was closed."""

    code = "closed"


class ConflictError(Error):
    """Another writer came first: do the whole transaction again (Database.retry does)."""

    code = "conflict"


class InternalError(Error):
    """An invariant of Quiver broke: please report it."""

    code = "internal"


_BY_CODE = {
    kind.code: kind
    for kind in (
        InvalidArgumentError,
        NotFoundError,
        IoError,
        NoSpaceError,
        CorruptionError,
        UnsupportedError,
        BusyError,
        ReadOnlyError,
        ClosedError,
        ConflictError,
        InternalError,
    )
}

for _kind in (Error, *_BY_CODE.values()):
    _kind.__module__ = "quiver"  # where users find them: what a traceback shows can be written in an except


def make(code: str, text: str, file: str, offset: int | None) -> Error:
    """The exception for an error of the engine, which calls this."""
    error = _BY_CODE.get(code, InternalError)(text)
    error.file = file or None
    error.offset = offset
    return error
