"""From a report's measured pictures to what it says: adherence, spread, failures, the map. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from marketplace.verification.consistency.statistics import (
    failure_interval,
    mean_interval,
    spread_interval,
)
from marketplace.verification.similarity import Band, compare

STYLE_MARGIN = 1.1
"""A varied picture keeps the style while its mean distance to the sheet is at most this many
times that of the sheet's own furthest picture."""

StyleDistance = Callable[[bytes, bytes], float]
"""Between two stored descriptors, from 0 (alike) to 1."""


class Measured(Protocol):
    """What is needed of a picture's row."""

    number: int
    fill: int | None
    seed_column: int | None
    variable: str | None
    choice: str | None
    values: dict[str, str]
    failure: str | None
    adherence: float | None
    descriptor: bytes | None
    pdq: bytes | None
    pdq_quality: int | None
    phash64: bytes | None
    dct256: bytes | None
    fingerprint_version: int | None


@dataclass(frozen=True, slots=True)
class Scale:
    """Who measured adherence, in words for the page, and below which line a picture failed."""

    name: str
    version: str
    meaning: str
    line: float


@dataclass(frozen=True, slots=True)
class _Prints:
    """A row's hashes in the form that similarity.compare reads."""

    pdq: bytes
    pdq_quality: int
    phash64: bytes
    dct256: bytes
    version: int


def summarise(
    version_id: str,
    pictures: Sequence[Measured],
    distance: StyleDistance,
    scale: Scale | None,
) -> dict[str, Any]:
    """Everything the report says about its pictures, ready for JSON.

    Failures, adherence and spread are of the grid alone: the map's pictures were not drawn but
    counted out, and would weigh each variable by the number of its choices.

    Args:
        pictures: all of a report, in order of their numbers, none still to be made.
        scale: None where adherence could not be measured.

    Raises:
        ValueError: without any picture on the grid.
    """
    grid = [picture for picture in pictures if picture.fill is not None]
    failed = sum(picture.failure is not None for picture in grid)
    shown = [picture for picture in grid if picture.descriptor is not None]
    matrix = [[distance(a.descriptor or b"", b.descriptor or b"") for b in shown] for a in shown]
    means = [sum(row) / (len(row) - 1) for row in matrix] if len(shown) > 1 else []
    limit = max(means) * STYLE_MARGIN if means else None
    return {
        "failures": {
            "failed": failed,
            "total": len(grid),
            **failure_interval(failed, len(grid)).as_dict(),
        },
        "adherence": _adherence(version_id, grid, scale),
        "scale": None if scale is None else asdict(scale),
        "spread": None
        if len(shown) < 2
        else spread_interval(version_id, [_cell(item) for item in shown], matrix).as_dict(),
        "style_limit": None if limit is None else round(limit, 4),
        "worst": _worst(grid, dict(zip([item.number for item in shown], means, strict=False))),
        "map": _map(pictures, shown, distance, limit),
    }


def _adherence(
    version_id: str, grid: Sequence[Measured], scale: Scale | None
) -> dict[str, float] | None:
    scored = [(_cell(item), item.adherence) for item in grid if item.adherence is not None]
    if scale is None or not scored:
        return None
    cells, values = zip(*scored, strict=True)
    return mean_interval(version_id, cells, values).as_dict()


def _worst(grid: Sequence[Measured], means: dict[int, float]) -> int:
    """The number of the picture that does the prompt least credit; it is shown with the rest.

    One without pixels before one below the line, then the lowest adherence, then the one that
    lies furthest from the others in style.
    """

    def badness(item: Measured) -> tuple[bool, bool, float, float, int]:
        adherence = 1.0 if item.adherence is None else item.adherence
        style = means.get(item.number, 0.0)
        return (
            item.descriptor is None,
            item.failure is not None,
            -adherence,
            style,
            -item.number,
        )

    return max(grid, key=badness).number


def _map(
    pictures: Sequence[Measured],
    shown: Sequence[Measured],
    distance: StyleDistance,
    limit: float | None,
) -> list[dict[str, Any]]:
    """One entry per variable: its baseline and what each other choice did to the picture."""
    base = next(item for item in pictures if item.fill == 0 and item.seed_column == 0)
    rows: dict[str, list[dict[str, Any]]] = {}
    for item in pictures:
        if item.variable is not None:
            rows.setdefault(item.variable, []).append(
                _choice(item, base, [other.descriptor or b"" for other in shown], distance, limit)
            )
    return [
        {"variable": name, "baseline": base.values[name], "choices": choices}
        for name, choices in rows.items()
    ]


def _choice(
    item: Measured,
    base: Measured,
    sheet: Sequence[bytes],
    distance: StyleDistance,
    limit: float | None,
) -> dict[str, Any]:
    """How far one choice moved the picture, and whether it still belongs with the sheet.

    ``moved_bits`` is the deciding hash's distance (of 256) from the baseline; up to the limit
    for "reproduced" a choice has changed nothing that one would see.
    """
    found: dict[str, Any] = {
        "number": item.number,
        "choice": item.choice,
        "failure": item.failure,
        "moved_bits": None,
        "changes_picture": None,
        "style_distance": None,
        "keeps_style": None,
    }
    before, after = _prints(base), _prints(item)
    if before is not None and after is not None:
        comparison = compare(before, after)
        found["moved_bits"] = comparison.distance
        found["changes_picture"] = comparison.band is not Band.REPRODUCED
    if item.descriptor is not None and sheet and limit is not None:
        away = sum(distance(item.descriptor, other) for other in sheet) / len(sheet)
        found["style_distance"] = round(away, 4)
        found["keeps_style"] = away <= limit
    return found


def _prints(item: Measured) -> _Prints | None:
    if (
        item.pdq is None
        or item.phash64 is None
        or item.dct256 is None
        or item.pdq_quality is None
        or item.fingerprint_version is None
    ):
        return None
    return _Prints(item.pdq, item.pdq_quality, item.phash64, item.dct256, item.fingerprint_version)


def _cell(item: Measured) -> tuple[int, int]:
    assert item.fill is not None  # of the grid
    assert item.seed_column is not None
    return item.fill, item.seed_column
