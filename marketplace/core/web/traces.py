"""What an answer showed: noted by views, kept with kept pages, counted by insights."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from flask import g

Traces = tuple[tuple["Step", tuple[str, ...]], ...]
"""Steps with the ids of listings; nothing of who asked."""


class Step(StrEnum):
    """How near somebody came to a listing. The last one, a sale, is read from the orders."""

    SHOWN = "shown"
    """Its card was on a page."""
    OPENED = "opened"
    CARTED = "carted"
    """Put into a cart, or on the way to pay at once."""


def note(step: Step, listing_ids: Iterable[str]) -> None:
    """Say what the answer to this request does; nothing is counted here."""
    ids = tuple(listing_ids)
    if ids:
        g.traces = (*noted(), (step, ids))


def note_opened(listing_id: str, is_own: bool) -> None:
    """A listing's page is shown; its seller's own looks are nobody's interest."""
    if not is_own:
        note(Step.OPENED, (listing_id,))


def note_carted(listing_id: str) -> None:
    """Somebody means to buy it."""
    note(Step.CARTED, (listing_id,))


def noted() -> Traces:
    """Everything noted for this request so far."""
    traces: Traces = g.get("traces", ())
    return traces


def note_again(traces: Traces) -> None:
    """Of a page that was made for somebody else: it shows the same to this one."""
    g.traces = traces
