"""What may go wrong on our side of a run: words for people, and when another try is due. Pure.

Nothing here is ever held against a seller. Codes are those of workers.engines.errors, and class
names where the failure has no code of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MAX_ATTEMPTS = 5
"""Claims of one run before a person has to look; a crash-looping prompt must not block others."""
MAX_WAITS = 60
"""Pauses for a busy provider before a person has to look: with the pauses below about a day."""
LONGEST_PAUSE = timedelta(minutes=30)


@dataclass(frozen=True)
class Failure:
    """One way to fail.

    ``words`` complete the sentence "The re-run stopped because …". ``final``: another try cannot
    help. ``counts``: it is one of the few tries a run has. Pauses start at ``first_pause`` and
    grow by ``growth`` each time.
    """

    words: str
    final: bool = False
    counts: bool = True
    first_pause: timedelta = timedelta(seconds=10)
    growth: float = 4.0


UNKNOWN = Failure("something failed on our side")
WORKER_LOST = "WORKER_LOST"
TIME_LIMIT = "TIME_LIMIT"

FAILURES: dict[str, Failure] = {
    "OUT_OF_MEMORY": Failure("our worker ran out of memory"),
    "BAD_PIXELS": Failure("the model computed numbers that are no picture"),
    "WEIGHTS_MISSING": Failure(
        "our worker does not have the model's weights", first_pause=timedelta(seconds=30)
    ),
    "WEIGHTS_CORRUPT": Failure(
        "the model's weights on our worker are damaged", first_pause=timedelta(seconds=30)
    ),
    "DISK_FULL": Failure("our disk is full", first_pause=timedelta(seconds=30)),
    TIME_LIMIT: Failure("the model stood still for too long, so we stopped it"),
    "PROVIDER_BUSY": Failure(
        "the model's provider is busy", counts=False, first_pause=timedelta(seconds=30), growth=2.0
    ),
    "PROVIDER_REFUSED": Failure(
        "the model's own safety check, or its provider, declined to make a picture", final=True
    ),
    "REQUEST_REFUSED": Failure("our copy of the model does not take these settings", final=True),
    "NOT_CONFIGURED": Failure(
        "none of our workers is set up for this model", first_pause=timedelta(seconds=30)
    ),
    "MODEL_FAILED": Failure("the model failed while it made a picture"),
    WORKER_LOST: Failure("our worker went away in the middle of it", first_pause=timedelta(0)),
    "OperationalError": Failure("our database was away or too busy"),
    "BlobMissingError": Failure("a sample's picture is missing from our store"),
    "UploadError": Failure("a sample's picture in our store cannot be read"),
    "VaultError": Failure("the prompt cannot be opened with our worker's keys", final=True),
    "TemplateError": Failure("we could not read the prompt's template", final=True),
    "NO_SAMPLES": Failure("there are no samples to re-run", final=True),
    "FillError": Failure("we could not fill the prompt with a sample's values", final=True),
}


def failure_of(code: str | None) -> Failure:
    """What is known about an error code; codes without an entry get general words."""
    return FAILURES.get(code or "", UNKNOWN)


def pause_after(code: str, number: int, asked: timedelta | None = None) -> timedelta:
    """How long a run rests after its failure of that number (from 1).

    Args:
        asked: what a provider asked for; the pause is never shorter, up to LONGEST_PAUSE.
    """
    failure = failure_of(code)
    # A first pause of nothing means: once at once, then as everybody else.
    first = failure.first_pause or (UNKNOWN.first_pause if number > 1 else timedelta(0))
    exponent = number - 1 if failure.first_pause else max(0, number - 2)
    longest = LONGEST_PAUSE.total_seconds()
    seconds = min(first.total_seconds() * failure.growth ** min(exponent, 20), longest)
    if asked is not None:
        seconds = max(seconds, min(asked.total_seconds(), longest))
    return timedelta(seconds=seconds)


def sentence(code: str | None) -> str:
    """Why the re-run stopped, for sellers and moderators alike."""
    return f"The re-run stopped because {failure_of(code).words}."
