"""Prompts that say the same in other words: told to the moderator as advice, by what they mean.

Words that were all replaced leave no trace in the prints of clones.py. Here the listings on sale
whose public words mean the nearest are candidates; their prompts are opened in memory and compared
as sentence embeddings. No embedding of a prompt is kept: much of a text can be read back from one
(Morris et al. 2023).
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from marketplace.core.clock import now
from marketplace.core.vault import PromptVault, VaultError
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.policy import Finding, Severity, Submission
from marketplace.policy.passages import pieces
from marketplace.screening.recording import Noted

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME, LEAD = 0.70, 0.28
"""Cosine from which on two prompts may mean the same, and by how much it must exceed what is usual
among the candidates: prompts for a model with few words are all alike. See `bench/paraphrases`."""
CANDIDATES = 20
FEW, USUAL = 4, 0.42
"""Of fewer others nothing usual can be told; this is then taken for it."""
TOLD = 3
_WINDOW = 80
"""Words per embedding: an encoder reads its first 128 tokens only."""


class Meaning(Protocol):
    """What is known of meaning: a sentence encoder, and the listings on sale by their words."""

    def nearest(self, session: Session, words: str, most: int) -> Sequence[str]:
        """Ids of the listings on sale whose public words mean the nearest, the nearest first."""

    def vector(self, text: str) -> NDArray[np.float32]:
        """A text as a vector of length 1."""


def paraphrase_findings(
    session: Session,
    vault: PromptVault,
    meaning: Meaning,
    version: ListingVersion,
    submission: Submission,
    told: Collection[str],
) -> list[Noted]:
    """DUPLICATE as advice, where prompts that other sellers sold earlier mean much the same.

    Args:
        told: ids of listings that the clones' findings name already.
    """
    own = session.get_one(Listing, version.listing_id)
    words = ". ".join([submission.title, ", ".join(submission.tags), submission.description])
    near = [one for one in meaning.nearest(session, words, CANDIDATES) if one not in told]
    rows = session.execute(
        select(Listing, ListingVersion)
        .join(ListingVersion, ListingVersion.id == Listing.live_version_id)
        .where(
            Listing.id.in_(near),
            Listing.state == ListingState.LIVE,
            Listing.seller_id != own.seller_id,
            ListingVersion.published_at < (version.published_at or now()),
        )
        .options(undefer(ListingVersion.prompt_sealed))
    ).all()
    if not rows:
        return []
    mine = embedded(meaning, submission.template)
    others = _opened(vault, rows)
    alike = [float(mine @ embedded(meaning, text)) for _, text in others]
    same = [(alike[at], others[at][0]) for at in standing_out(alike)][:TOLD]
    if not same:
        return []
    many = f"{len(same)} listings" if len(same) > 1 else "a listing"
    # Which, and how close, is for moderators: a seller could feel for another's prompt by it.
    finding = Finding(
        "DUPLICATE", Severity.NOTE, "template", None,
        f"By what it means, not by its words, it is close to {many} that others had on sale "
        "before.",
        "Offer what only you have.", "clones.meaning",
    )  # fmt: skip
    return [Noted(finding, tuple((one.id, value) for value, one in same))]


def standing_out(alike: Sequence[float]) -> list[int]:
    """Which candidates mean the same, by their cosines; the nearest first."""
    found = []
    for at, value in enumerate(alike):
        others = [*alike[:at], *alike[at + 1 :]]
        usual = statistics.median(others) if len(others) >= FEW else USUAL
        if value >= SAME and value - usual >= LEAD:
            found.append(at)
    return sorted(found, key=lambda at: -alike[at])


def embedded(meaning: Meaning, template: str) -> NDArray[np.float32]:
    """A template as a vector of length 1: the mean of its passages, variables by their names."""
    words = "".join(piece.text if piece.name is None else piece.name for piece in pieces(template))
    split = words.split()
    windows = [split[at : at + _WINDOW] for at in range(0, len(split), _WINDOW)] or [[]]
    vectors = [meaning.vector(" ".join(window)) * len(window) for window in windows]
    total = np.sum(vectors, axis=0)
    length = float(np.linalg.norm(total))
    return np.asarray(total / length if length else total, dtype=np.float32)


def _opened(
    vault: PromptVault, rows: Sequence[tuple[Listing, ListingVersion]]
) -> list[tuple[Listing, str]]:
    opened = []
    for listing, version in rows:
        try:
            opened.append((listing, vault.open(version.prompt_sealed)))
        except VaultError:
            continue  # a key that was lost accuses nobody
    return opened
