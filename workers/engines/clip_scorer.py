"""Adherence for any model: cosine of CLIP's embeddings of prompt and picture.

CLIPScore as Hessel et al. define it (EMNLP 2021, arXiv 2104.08718): 2.5 × max(cosine, 0), capped
at 1 here. CLIP reads 77 tokens; what a longer prompt says after that is not judged.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from marketplace.verification.consistency.summary import Scale
from workers.adherence.contract import AdherenceUnavailable, Score

WEIGHT = 2.5
LINE = 0.5


class ClipScorer:
    """Scores with the CLIP model in a local folder; loads it at the first picture."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def scale(self) -> Scale:
        """CLIPScore; under a half (a cosine of 0.2) is a failed picture."""
        config = self._folder / "config.json"
        version = hashlib.sha256(config.read_bytes()).hexdigest() if config.is_file() else ""
        return Scale(
            name="CLIPScore",
            version=version[:16],
            meaning="2.5 times the cosine between CLIP's reading of the prompt and of the picture, "
            "at most 1 (Hessel et al. 2021).",
            line=LINE,
        )

    def warm_up(self) -> None:
        """Load CLIP. Raises AdherenceUnavailable."""
        _ = self._parts

    def score(self, prompt: str, image: Image.Image) -> Score | None:
        """CLIPScore of one picture."""
        if not prompt.strip():
            return None
        model, processor = self._parts
        inputs = processor(
            text=[prompt], images=[image.convert("RGB")], return_tensors="pt", truncation=True
        )
        with torch.no_grad():
            found = model(**inputs)
        cosine = torch.nn.functional.cosine_similarity(found.text_embeds, found.image_embeds)
        return Score(min(1.0, WEIGHT * max(0.0, float(cosine[0]))))

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        from transformers import CLIPModel, CLIPProcessor

        try:
            model = CLIPModel.from_pretrained(self._folder, local_files_only=True)
            processor = CLIPProcessor.from_pretrained(self._folder, local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise AdherenceUnavailable(f"CLIP cannot be loaded: {type(error).__name__}") from None
        return model.eval(), processor
