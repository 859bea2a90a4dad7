"""Looks for one sample's picture in the corpora: in eight orientations, with and without border."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import Sample
from marketplace.verification import corpora
from marketplace.verification.hash_search import Candidate, Probe, Source
from marketplace.verification.models import VerificationRun
from workers.fingerprints.borders import cut, trims
from workers.fingerprints.hashes import fingerprint, shrink
from workers.search.index import copy_index

_Turn = Image.Transpose
TURNS: dict[str, Image.Transpose | None] = {
    "upright": None,
    "turned a quarter left": _Turn.ROTATE_90,
    "upside down": _Turn.ROTATE_180,
    "turned a quarter right": _Turn.ROTATE_270,
    "mirrored": _Turn.FLIP_LEFT_RIGHT,
    "mirrored top to bottom": _Turn.FLIP_TOP_BOTTOM,
    "mirrored along a diagonal": _Turn.TRANSPOSE,
    "mirrored along the other diagonal": _Turn.TRANSVERSE,
}
TRIMMED_SIDE = 64
"""What is left of a picture without its border must still be a picture (pixels a side)."""


def probes_of(image: Image.Image) -> list[Probe]:
    """Every view of an RGB picture that the search asks for."""
    return [
        Probe(name, prints.pdq, prints.dct256)
        for name, view in _views(image)
        for prints in (fingerprint(view),)
    ]


def find_in_corpora(
    session: Session,
    services: Services,
    run: VerificationRun,
    sample: Sample,
    image: Image.Image,
) -> list[Candidate]:
    """Search the corpora for a sample's picture (RGB) and record the hits; repeating is safe."""
    index = copy_index(services)
    if not index.has(session, Source.CORPUS):
        return []  # nothing was imported: save the sixteen hashes
    found = index.search(session, probes_of(image), sources=(Source.CORPUS,))
    corpora.record_hits(session, run, sample, found)
    return found


def _views(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    whole = _reduced(image)
    parts = [("", whole)]
    pixels = np.asarray(whole)
    for box in trims(pixels):
        inner = cut(pixels, box)
        if min(inner.shape[:2]) >= TRIMMED_SIDE:
            parts.append((", border removed", Image.fromarray(inner)))
    for what, part in parts:
        for turn, how in TURNS.items():
            yield turn + what, part if how is None else part.transpose(how)


def _reduced(image: Image.Image) -> Image.Image:
    """As hashing reduces it: once, rather than for every view."""
    return Image.fromarray(shrink(np.asarray(image)))
