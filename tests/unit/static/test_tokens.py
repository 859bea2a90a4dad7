"""The design's constants: contrast after WCAG 2.2 in both schemes, and one place for colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEETS = Path(__file__).resolve().parents[3] / "marketplace" / "static" / "css"
TOKENS = (SHEETS / "tokens.css").read_text()
HEX = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: (day, night) for name, day, night in HEX.findall(TOKENS)}
GROUNDS = ("paper", "surface", "sunken")
STATES = ("success", "error", "warning", "info")

TEXT = [
    *((ink, ground) for ink in ("ink", "ink-soft") for ground in GROUNDS),
    *((state, ground) for state in STATES for ground in (*GROUNDS, f"{state}-wash")),
    *(("accent-ink", ground) for ground in ("accent", "accent-strong")),
    ("marker-ink", "marker"),
    ("paper", "ink"),
]
"""Text on ground, 4.5 : 1 at least."""
EDGES = [
    *(("line-strong", ground) for ground in GROUNDS),
    *(("ink", ground) for ground in (*GROUNDS, "marker", "success-wash", "error-wash")),
]
"""Edges of controls and the focus ring on ground, 3 : 1 at least."""


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["day", "night"])
def test_every_pair_that_is_used_can_be_read(scheme: int) -> None:
    faint = {}
    for pairs, least in ((TEXT, 4.5), (EDGES, 3.0)):
        for ink, ground in pairs:
            ratio = contrast(COLOURS[ink][scheme], COLOURS[ground][scheme])
            if ratio < least:
                faint[f"{ink} on {ground}"] = round(ratio, 2)
    assert faint == {}


def test_colours_are_written_in_one_place() -> None:
    literal = re.compile(r"#[0-9a-f]{3,8}\b(?![^{]*\{)|\b(?:rgba?|hsla?|oklch|lab)\(", re.I)
    found = {
        sheet.name: literal.findall(_values(sheet.read_text()))
        for sheet in SHEETS.glob("*.css")
        if sheet.name != "tokens.css"
    }
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_every_constant_that_is_used_exists() -> None:
    sheets = {sheet.name: sheet.read_text() for sheet in SHEETS.glob("*.css")}
    known = {name for text in sheets.values() for name in re.findall(r"(--[\w-]+):", text)}
    # Set from scripts, on the element that they concern.
    known |= {"--shape"}
    used = {
        f"{name} in {sheet}"
        for sheet, text in sheets.items()
        for name in re.findall(r"var\((--[\w-]+)", text)
        if name not in known
    }
    assert used == set()


def _values(text: str) -> str:
    """The declarations of a sheet, without comments."""
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)
