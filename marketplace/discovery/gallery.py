"""The listing page's pictures, and which of them answers which choice. Public facts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.discovery.presenters import Derivatives, GalleryPicture
from marketplace.verification.similarity import Band

MOST_VARIED = 16
"""Pictures of single choices that join the samples; the report has them all."""


@dataclass(frozen=True)
class Frame:
    """One place of the gallery: the seller's picture, ours, or both."""

    number: int
    values: list[tuple[str, str]]
    alt: str
    ours: Derivatives
    sellers: Derivatives
    """Empty for pictures of the consistency report: no seller ever sent those."""
    band: Band | None = None
    distance: int | None = None

    @property
    def is_drawn(self) -> bool:
        """True for a picture of the consistency report, which nobody picked."""
        return not self.sellers


@dataclass(frozen=True)
class Choice:
    """A value that a variable may take; `frame` is the picture made with it, where one exists."""

    value: str
    frame: int | None


@dataclass(frozen=True)
class ChoiceRow:
    """A variable with the values that can be looked at."""

    name: str
    choices: list[Choice]
    is_free: bool
    """The buyer may write anything; the choices are only what was tried."""


@dataclass(frozen=True)
class Gallery:
    """Everything the gallery and the chips beside the skeleton need."""

    frames: list[Frame]
    rows: list[ChoiceRow]

    @property
    def has_ours(self) -> bool:
        """True where we made at least one picture ourselves."""
        return any(frame.ours for frame in self.frames)

    @property
    def has_pairs(self) -> bool:
        """True where a sample stands beside its re-run."""
        return any(frame.ours and frame.sellers for frame in self.frames)


def gallery_of(
    pictures: Sequence[GalleryPicture],
    variables: Sequence[Mapping[str, Any]],
    consistency: Mapping[str, Any] | None,
) -> Gallery:
    """Samples first, then one picture of ours for each choice that no sample shows.

    Args:
        pictures: the samples with their re-runs, in their order.
        variables: the version's public variables (name, default, choices).
        consistency: verification.consistency.presenters.consistency_of, if there is a report.
    """
    frames = [
        Frame(
            number=number,
            values=picture.values,
            alt=picture.alt,
            ours=picture.rerun,
            sellers=picture.sample,
            band=picture.band,
            distance=picture.distance,
        )
        for number, picture in enumerate(pictures, start=1)
    ]
    shown = {pair for frame in frames for pair in frame.values}
    for values, drawn in _drawn(consistency):
        fresh = [pair for pair in values if pair not in shown]
        if not fresh or len(frames) >= len(pictures) + MOST_VARIED:
            continue
        shown.update(values)
        said = ", ".join(f"{name} {value}" for name, value in values)
        frames.append(Frame(len(frames) + 1, values, f"Made by Bracket: {said}", drawn, []))
    return Gallery(frames, [_row(variable, frames) for variable in variables])


def _drawn(
    consistency: Mapping[str, Any] | None,
) -> list[tuple[list[tuple[str, str]], Derivatives]]:
    """The report's good pictures with their values: single choices first, then the sheet."""
    if consistency is None or not consistency["sheet"]:
        return []
    baseline: dict[str, str] = consistency["sheet"][0]["values"]
    found = []
    for entry in consistency["map"]:
        for choice in entry["choices"]:
            if choice["pictures"] and not choice["failure"]:
                values = baseline | {entry["variable"]: choice["choice"]}
                found.append((list(values.items()), choice["pictures"]))
    for picture in consistency["sheet"]:
        if picture["pictures"] and not picture["failure"]:
            found.append((list(picture["values"].items()), picture["pictures"]))
    return found


def _row(variable: Mapping[str, Any], frames: Sequence[Frame]) -> ChoiceRow:
    name = variable["name"]
    first: dict[str, int] = {}
    for frame in frames:
        for variable_name, value in frame.values:
            if variable_name == name:
                first.setdefault(value, frame.number)
    offered = list(variable["choices"])
    values = offered or list(first)
    return ChoiceRow(name, [Choice(value, first.get(value)) for value in values], not offered)
