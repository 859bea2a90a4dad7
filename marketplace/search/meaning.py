"""Which listings on sale mean nearly what a text says, for the checks that look for duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Float, select
from sqlalchemy.orm import Session

from marketplace.search.models import SearchVector
from marketplace.sentences.encoder import Encoder, encoder_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from marketplace.settings import Settings


@dataclass(frozen=True)
class MeaningOfWords:
    """The process's encoder, and what it made of the public words of listings on sale."""

    encoder: Encoder

    def nearest(self, session: Session, words: str, most: int) -> Sequence[str]:
        """Ids of the listings whose public words mean the nearest, the nearest first."""
        vector = self.encoder.encode(words).tolist()
        distance = SearchVector.embedding.op("<=>", return_type=Float())(vector)
        query = select(SearchVector.listing_id).where(SearchVector.embedded_by == self.encoder.name)
        return session.scalars(query.order_by(distance).limit(most)).all()

    def vector(self, text: str) -> NDArray[np.float32]:
        """A text as a vector (384,) of length 1; nothing of it is kept."""
        return self.encoder.encode(text)


def meaning_of_words(settings: Settings) -> MeaningOfWords | None:
    """None where this installation has no sentence encoder, or does without one."""
    encoder = encoder_of(settings)
    return None if encoder is None else MeaningOfWords(encoder)
