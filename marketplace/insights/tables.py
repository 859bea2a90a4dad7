"""A figure as a table with its units, and how its cells are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from marketplace.core.money import Money

Cell = date | str | int | float | None


class Unit(StrEnum):
    """How the cells of a column are written."""

    DAY = "day"
    TEXT = "text"
    COUNT = "count"
    CENTS = "cents"
    PERCENT = "percent"


class Kind(StrEnum):
    """How a figure is drawn."""

    BARS = "bars"
    LINE = "line"
    LEVELS = "levels"
    """Rows of bars lying down, each with its words."""


@dataclass(frozen=True)
class Column:
    """A column: its name in files, its heading on pages."""

    name: str
    label: str
    unit: Unit


@dataclass(frozen=True)
class Figure:
    """One figure: a table whose first column says what a row is about."""

    slug: str
    title: str
    says: str
    """The figure in a sentence, also for those who do not see it."""
    kind: Kind
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    plotted: int
    """The column that is drawn."""
    empty: str
    """What stands there when there is nothing to draw."""

    @property
    def is_empty(self) -> bool:
        """True when every value is nothing."""
        return not any(row[self.plotted] for row in self.rows)


def percent(part: int, whole: int) -> float | None:
    """The part in percent, to a tenth; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def written(cell: Cell, unit: Unit | str) -> str:
    """A cell for people; templates name the unit."""
    if cell is None:
        return "–"
    if unit == Unit.CENTS and isinstance(cell, int):
        return str(Money(cell)).replace("-", "\u2212")
    if unit == Unit.PERCENT:
        return f"{cell:g} %"
    if unit == Unit.COUNT:
        return f"{cell:,}"
    if isinstance(cell, date):
        return f"{cell.day} {cell:%b %Y}"
    return str(cell)
