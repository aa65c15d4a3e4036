"""Moments: `ttl` and `expires_at` of a write in, the engine's microseconds since 1970 out, and back."""

from __future__ import annotations

import datetime
import time

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_LAST = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _micros(seconds: float, name: str) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        kind = "a timedelta" if name == "ttl" else "a datetime with a time zone"
        raise TypeError(f"{name} is {kind} or a number of seconds, not {type(seconds).__name__}")
    return int(seconds * 1_000_000)  # of inf or nan: OverflowError, ValueError


def expiry_us(ttl: float | datetime.timedelta | None, expires_at: float | datetime.datetime | None) -> int:
    """When an entry that is written now expires. At least one argument is not None."""
    if ttl is not None and expires_at is not None:
        raise TypeError("ttl or expires_at may be given, not both")
    if ttl is not None:
        lives_us = ttl // _MICROSECOND if isinstance(ttl, datetime.timedelta) else _micros(ttl, "ttl")
        if lives_us <= 0:
            raise ValueError("ttl must be at least a microsecond; None means that the entry never expires")
        moment_us = time.time_ns() // 1000 + lives_us
    elif isinstance(expires_at, datetime.datetime):
        if expires_at.tzinfo is None:
            raise ValueError("expires_at needs a time zone: datetime.now(datetime.UTC) + …")
        moment_us = (expires_at - _EPOCH) // _MICROSECOND
    else:
        moment_us = _micros(expires_at, "expires_at")
    if not 0 < moment_us < 1 << 64:
        raise ValueError("the expiry lies before 1970 or beyond the end of time")
    return moment_us


def moment(expires_us: int) -> datetime.datetime:
    """The moment in UTC; the last one that a datetime can name for those behind it."""
    try:
        return _EPOCH + datetime.timedelta(microseconds=expires_us)
    except OverflowError:
        return _LAST
