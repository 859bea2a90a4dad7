"""Where a report's distances lie between "identical" and "unrelated", ready to be drawn. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.verification.report_parts import Report
from marketplace.verification.similarity import Band

SPAN = 160
"""Bits that the drawing shows: unrelated pictures lie around 128, with few beyond 150."""
UNRELATED = 128
NEAR = 5
"""Marks that are closer than this many bits are stacked."""


@dataclass(frozen=True)
class Mark:
    """One sample: `x` in bits from the left, `level` how many marks it stands upon."""

    number: int
    distance: int
    x: int
    level: int
    band: Band


@dataclass(frozen=True)
class Scale:
    """Zones end at `reproduced_end` and `grey_end`; everything in bits."""

    span: int
    unrelated: int
    reproduced_end: int
    grey_end: int
    marks: list[Mark]
    levels: int


def scale_of(report: Report) -> Scale | None:
    """The drawing of a report; None where nothing was measured."""
    if not report.pairs or report.limits is None:
        return None
    marks: list[Mark] = []
    for pair in sorted(report.pairs, key=lambda pair: (pair.distance, pair.number)):
        x = min(pair.distance, SPAN)
        marks.append(Mark(pair.number, pair.distance, x, _level(marks, x), pair.band))
    return Scale(
        span=SPAN,
        unrelated=UNRELATED,
        reproduced_end=report.limits.reproduced_max + 1,
        grey_end=report.limits.grey_max + 1,
        marks=marks,
        levels=1 + max(mark.level for mark in marks),
    )


def _level(placed: Sequence[Mark], x: int) -> int:
    taken = {mark.level for mark in placed if abs(mark.x - x) < NEAR}
    return next(level for level in range(len(placed) + 1) if level not in taken)
