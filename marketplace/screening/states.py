"""The life of a policy check, as data."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """What a check looks at; each has its own moment."""

    TEXTS = "texts"
    """Texts, structure and the seller's other listings, as soon as a version is submitted."""
    RUN = "run"
    """What the re-run of the samples found, when it is over."""
    REPORT = "report"
    """What the consistency report's map says about the variables."""
    HOSTED = "hosted"
    """A provider's opinion on the texts, where the owner has switched it on."""


class CheckState(StrEnum):
    """Where a check stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    """Given up after several tries; the other stages stand without it."""
