"""The bounds of reading one file, counted in work rather than in time."""

from __future__ import annotations

from dataclasses import asdict, dataclass

MAX_PARTS = 20_000
"""Chunks or segments of a file that are looked at; an honest 15 MB has a few thousand."""
MAX_TEXTS = 64
"""Pieces of text that are kept of one file."""
MAX_TEXT_BYTES = 1_000_000
"""Longest piece of text, unpacked; a large workflow has some hundred thousand bytes."""
MAX_UNPACKED = 4_000_000
"""Bytes of text of one file altogether, unpacked."""
MAX_STEPS = 20_000
"""Nodes, settings and list entries that the readers go through."""


class TooMuchWorkError(Exception):
    """A bound was reached: what has been read so far stands, the rest is left alone."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


@dataclass(slots=True)
class Work:
    """What reading one file has cost so far."""

    parts: int = 0
    texts: int = 0
    bytes_unpacked: int = 0
    steps: int = 0

    def part(self) -> None:
        """One more chunk or segment. Raises TooMuchWorkError."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise TooMuchWorkError("This file has an unusual number of parts; not all were read.")

    def text(self, size: int) -> None:
        """One more piece of text of so many bytes. Raises TooMuchWorkError."""
        self.texts += 1
        self.bytes_unpacked += size
        if self.texts > MAX_TEXTS or self.bytes_unpacked > MAX_UNPACKED:
            raise TooMuchWorkError("This file holds an unusual amount of text; not all was read.")

    def step(self, count: int = 1) -> None:
        """One more node, setting or entry. Raises TooMuchWorkError."""
        self.steps += count
        if self.steps > MAX_STEPS:
            raise TooMuchWorkError(
                "The settings in this file are too tangled; they were read in part."
            )

    def as_json(self) -> dict[str, int]:
        """By name."""
        return asdict(self)
