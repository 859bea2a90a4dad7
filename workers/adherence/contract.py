"""What a scorer promises. Pure: importing this loads no model library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from marketplace.verification.consistency.summary import Scale


@dataclass(frozen=True, slots=True)
class Score:
    """Adherence of one picture, from 0 to 1, and the counts behind it where there are any.

    Which words were looked for is not part of it: they are the prompt's.
    """

    adherence: float
    hits: int | None = None
    judged: int | None = None


class Scorer(Protocol):
    """Compares a picture with the prompt that made it."""

    @property
    def scale(self) -> Scale:
        """What the numbers mean, for the public report."""
        ...

    def warm_up(self) -> None:
        """Load what scoring needs. Raises AdherenceUnavailable when it is missing or broken."""

    def score(self, prompt: str, image: Image.Image) -> Score | None:
        """The picture's score; None when the prompt names nothing that can be judged."""
        ...


class AdherenceUnavailable(Exception):
    """The scorer's model is missing or broken; the message names files, never a prompt."""
