"""Adherence for the house model: its judge names what a picture shows, the grammar what was asked.

The judge is torch; it is loaded at the first picture and not before.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from marketplace.verification.consistency.summary import Scale
from workers.adherence.contract import AdherenceUnavailable, Score
from workers.adherence.vocabulary import attributes_said

JUDGED_SIDE = 256
LINE = 0.5
JUDGE = "judge.safetensors"


class HouseScorer:
    """Share of the attributes named in the prompt that the judge sees in the picture."""

    def __init__(self, judge_file: Path) -> None:
        self._file = judge_file

    @cached_property
    def scale(self) -> Scale:
        """Share of attributes; under a half is a failed picture."""
        digest = hashlib.sha256(self._file.read_bytes()).hexdigest()
        return Scale(
            name="attribute judge",
            version=digest[:16],
            meaning="A classifier trained on drawn pictures names subject, terrain, time, colours, "
            "sky, style, format and place; the number is the share of those that the prompt asks "
            "for which it finds in the picture.",
            line=LINE,
        )

    def warm_up(self) -> None:
        """Load the judge. Raises AdherenceUnavailable."""
        _ = self._judge

    def score(self, prompt: str, image: Image.Image) -> Score | None:
        """Hits among the attributes that the prompt names; None when it names none."""
        asked = attributes_said(prompt)
        if not asked:
            return None
        seen = self._seen(image)
        hits = sum(seen[attribute] in values for attribute, values in asked.items())
        return Score(hits / len(asked), hits, len(asked))

    def _seen(self, image: Image.Image) -> dict[str, str]:
        picture = image.convert("RGB")
        if picture.size != (JUDGED_SIDE, JUDGED_SIDE):
            picture = picture.resize((JUDGED_SIDE, JUDGED_SIDE), Image.Resampling.LANCZOS)
        named = self._judge.judge(np.asarray(picture)[None])
        return {attribute: values[0] for attribute, values in named.items()}

    @cached_property
    def _judge(self) -> Any:
        # Here and not above: the module pulls in torch, which most workers do without.
        from house_model.classifier import load_judge

        try:
            return load_judge(self._file)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise AdherenceUnavailable(
                f"the judge cannot be loaded: {type(error).__name__}"
            ) from None
