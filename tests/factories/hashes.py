"""Fingerprints by the number: samples and corpus pictures whose hashes a test chooses."""

from __future__ import annotations

import numpy as np
from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.models import Sample
from marketplace.verification.corpora import HashedPicture
from tests.factories.verification import make_waiting_listing
from workers.fingerprints.hashes import DEFINITION_VERSION


def code(seed: int) -> bytes:
    """A 256-bit hash; those of two seeds lie about 128 bits apart."""
    return np.random.default_rng(seed).bytes(32)


def flipped(hash_: bytes, bits: int, seed: int = 0) -> bytes:
    """The hash with so many of its bits flipped."""
    flat = np.unpackbits(np.frombuffer(hash_, np.uint8))
    flat[np.random.default_rng(seed).choice(flat.size, bits, replace=False)] ^= 1
    return np.packbits(flat).tobytes()


def make_hashed_samples(
    session: Session, vault: PromptVault, seeds: list[int], quality: int = 90
) -> list[Sample]:
    """A listing's samples with the hashes of those seeds (DCT hashes of 10,000 more)."""
    listing = make_waiting_listing(session, vault, samples=len(seeds))
    samples = listing.version.samples if listing.version else []
    for sample, seed in zip(samples, seeds, strict=True):
        set_hashes(sample, seed, quality)
    session.flush()
    return list(samples)


def set_hashes(sample: Sample, seed: int, quality: int = 90) -> None:
    """Give a sample the hashes of a seed."""
    sample.pdq, sample.dct256, sample.phash64 = code(seed), code(seed + 10_000), bytes(8)
    sample.pdq_quality, sample.fingerprint_version = quality, DEFINITION_VERSION


def hashed_picture(ref: str, seed: int, quality: int = 90) -> HashedPicture:
    """A corpus picture with the hashes of a seed."""
    return HashedPicture(
        ref, code(seed), quality, bytes(8), code(seed + 10_000), DEFINITION_VERSION
    )
