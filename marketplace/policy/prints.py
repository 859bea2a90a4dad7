"""Which prompts are built alike, told by signatures that nobody can read.

A template becomes words with one sign for every variable; single words and pairs of neighbours are
hashed under a key; MinHash keeps 128 numbers of that (Broder 1997), and bands of four find the
candidates (Leskovec, Rajaraman, Ullman, ch. 3). Without the key nothing can be guessed from them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from rapidfuzz import fuzz

from marketplace.policy.folding import fold
from marketplace.policy.passages import pieces
from marketplace.policy.views import view_of

RULE_VERSION = 1
"""Of everything below that changes a signature: prints of other versions are not compared."""
NUMBERS = 128
ROWS = 4
"""Numbers per band: two prompts with half of their pieces in common meet in 87 of 100 cases."""
SIMILAR = 0.45
"""Estimated share of pieces in common from which on two prompts are compared in full."""
SLOT = "\u25a1"
_PRIME = (1 << 61) - 1
Digest = Callable[[bytes], bytes]
"""Keyed hash, such as the vault's: equal for equal pieces, useless without the key."""


@dataclass(frozen=True, slots=True)
class Print:
    """A template's signature; `signature` is NUMBERS big-endian 32-bit integers."""

    signature: bytes
    bands: tuple[int, ...]
    """One signed 63-bit number per band, for an index."""


def normalised(source: str) -> tuple[str, ...]:
    """A template's words, folded, with one sign for each variable; its choices are left out."""
    words: list[str] = []
    for piece in pieces(source):
        if piece.name is not None:
            words.append(SLOT)
        else:
            words += view_of(fold(piece.text)).tokens
    return tuple(words)


def print_of(source: str, digest: Digest) -> Print:
    """The print of a template that parses."""
    words = normalised(source)
    shingles = {*words, *(f"{a} {b}" for a, b in pairwise(words))}
    hashed = np.array(
        sorted(int.from_bytes(digest(piece.encode())[:7]) for piece in shingles), dtype=object
    )
    factors, offsets = _permutations()
    lowest = ((np.outer(factors, hashed) + offsets[:, None]) % _PRIME).min(axis=1)
    signature = (lowest % (1 << 32)).astype(">u4").tobytes()
    return Print(signature, _bands(signature))


def similarity(one: bytes, other: bytes) -> float:
    """The estimated share of pieces that two templates have in common (Jaccard), 0 to 1.

    The standard error is at most 0.044.
    """
    a, b = np.frombuffer(one, ">u4"), np.frombuffer(other, ">u4")
    return float((a == b).mean())


def alike(one: str, other: str) -> float:
    """How much of two templates stands in the same order, 0 to 1 (rapidfuzz's ratio of words)."""
    return fuzz.ratio(normalised(one), normalised(other)) / 100


def _bands(signature: bytes) -> tuple[int, ...]:
    width = ROWS * 4
    return tuple(
        int.from_bytes(
            hashlib.blake2b(
                signature[start : start + width], digest_size=8, person=start.to_bytes(4)
            ).digest()
        )
        >> 1
        for start in range(0, len(signature), width)
    )


@cache
def _permutations() -> tuple[np.ndarray, np.ndarray]:
    """The factors and offsets of the hash functions; the same for ever."""
    numbers = random.Random("bracket policy prints 1")  # noqa: S311 - nothing secret is drawn
    factors = [1 + int(numbers.random() * (_PRIME - 1)) for _ in range(NUMBERS)]
    offsets = [int(numbers.random() * _PRIME) for _ in range(NUMBERS)]
    return np.array(factors, dtype=object), np.array(offsets, dtype=object)
