"""Figures as lines and bars of an SVG: numbers only, drawn on the server, no script and no style.

The drawing is stretched to the room there is, so it holds no letters: those stand around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.insights.tables import Figure, Kind, written

WIDTH, HEIGHT = 1000.0, 100.0
GAP = 0.22
"""Of a bar's place that is left free."""


@dataclass(frozen=True)
class Bar:
    """A rectangle in the drawing's units, with what it stands for in words."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True)
class Level:
    """A row with its words, its value, and its share of the greatest one (0 to 100)."""

    label: str
    value: str
    share: float


@dataclass(frozen=True)
class Chart:
    """What a template draws."""

    bars: tuple[Bar, ...] = ()
    lines: tuple[str, ...] = ()
    """Points of polylines; a value that is missing ends one."""
    dots: tuple[Bar, ...] = ()
    """Where each value of a line is, for its words and for values that stand alone."""
    zero: float = HEIGHT
    """Height of the line that means nothing."""
    top: str = ""
    bottom: str = ""
    first: str = ""
    last: str = ""
    levels: tuple[Level, ...] = ()


def chart_of(figure: Figure) -> Chart:
    """How to draw a figure that is not empty."""
    values = [_number(row[figure.plotted]) for row in figure.rows]
    unit = figure.columns[figure.plotted].unit
    labels = [written(row[0], figure.columns[0].unit) for row in figure.rows]
    shown = [written(row[figure.plotted], unit) for row in figure.rows]
    if figure.kind is Kind.LEVELS:
        most = max((value or 0 for value in values), default=0) or 1
        return Chart(
            levels=tuple(
                Level(label, text, round(100 * (value or 0) / most, 2))
                for label, text, value in zip(labels, shown, values, strict=True)
            )
        )
    words = [f"{label}: {text}" for label, text in zip(labels, shown, strict=True)]
    known = [value for value in values if value is not None]
    low, high = min(0.0, *known), max(0.0, *known)
    scale = HEIGHT / ((high - low) or 1.0)
    zero = round(high * scale, 2)
    exact = {_number(row[figure.plotted]): row[figure.plotted] for row in figure.rows}
    return Chart(
        bars=_bars(values, words, zero, scale) if figure.kind is Kind.BARS else (),
        lines=_lines(values, zero, scale) if figure.kind is Kind.LINE else (),
        dots=_dots(values, words, zero, scale) if figure.kind is Kind.LINE else (),
        zero=zero,
        top=written(exact.get(high, 0), unit),
        bottom=written(exact.get(low, 0), unit),
        first=labels[0],
        last=labels[-1],
    )


def _number(cell: object) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def _bars(
    values: Sequence[float | None], words: Sequence[str], zero: float, scale: float
) -> tuple[Bar, ...]:
    place = WIDTH / len(values)
    return tuple(
        Bar(
            x=round(number * place + place * GAP / 2, 2),
            y=round(zero - max(value, 0.0) * scale, 2),
            width=round(place * (1 - GAP), 2),
            height=round(abs(value) * scale, 2),
            words=text,
        )
        for number, (value, text) in enumerate(zip(values, words, strict=True))
        if value
    )


def _middles(many: int) -> list[float]:
    place = WIDTH / many
    return [round((number + 0.5) * place, 2) for number in range(many)]


def _lines(values: Sequence[float | None], zero: float, scale: float) -> tuple[str, ...]:
    lines: list[list[str]] = [[]]
    for x, value in zip(_middles(len(values)), values, strict=True):
        if value is None:
            lines.append([])
        else:
            lines[-1].append(f"{x:g},{round(zero - value * scale, 2):g}")
    return tuple(" ".join(points) for points in lines if len(points) > 1)


def _dots(
    values: Sequence[float | None], words: Sequence[str], zero: float, scale: float
) -> tuple[Bar, ...]:
    return tuple(
        Bar(x, round(zero - value * scale, 2), 0.0, 0.0, text)
        for x, value, text in zip(_middles(len(values)), values, words, strict=True)
        if value is not None
    )
