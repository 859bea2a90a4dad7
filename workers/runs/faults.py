"""Which error code a failure gets. By type and number only: messages might describe a prompt."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import timedelta

from marketplace.verification.failures import TIME_LIMIT
from workers.engines.errors import DISK_FULL, OUT_OF_MEMORY, EngineError, EngineRefused

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_DATABASE_FULL = "53100"  # PostgreSQL's disk_full


@dataclass(frozen=True)
class Fault:
    """What goes into the run's row."""

    code: str
    final: bool = False
    retry_after: timedelta | None = None


class NothingToMeasure(Exception):
    """A run without samples."""


def fault_of(error: Exception) -> Fault:
    """The code of an error: the engine's own, a known one, or else the name of its type."""
    if isinstance(error, EngineError):
        asked = getattr(error, "retry_after", None)
        return Fault(
            error.code,
            final=isinstance(error, EngineRefused),
            retry_after=None if asked is None else timedelta(seconds=asked),
        )
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return Fault(DISK_FULL)
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _DATABASE_FULL:
        return Fault(DISK_FULL)
    if isinstance(error, MemoryError):
        return Fault(OUT_OF_MEMORY)
    if isinstance(error, NothingToMeasure):
        return Fault("NO_SAMPLES")
    name = type(error).__name__
    # Celery's warning before it kills a process that works too long.
    return Fault(TIME_LIMIT if name == "SoftTimeLimitExceeded" else name[:60])
