"""Ids and sellers' names of bulk rows. Pure."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from demo.bulk.wording import vocabulary
from marketplace.core.ids import ALPHABET, slugify

_BITS = 55
"""Eleven characters; the last two of an id are left for the rows that belong to a listing."""
_STEP = 0x3C6EF372FE94F9  # odd, so that multiplying by it meets every number once
_CHARACTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)


def listing_ids(first: int, count: int) -> list[str]:
    """Ids of the listings with these numbers, in rising order: rows are then stored as they come.

    Different numbers have different ids, in their first eleven characters already.
    """
    numbers = np.arange(first, first + count, dtype=np.uint64)
    mask = np.uint64((1 << _BITS) - 1)
    mixed = np.sort((numbers * np.uint64(_STEP) + np.uint64(0x1B873593)) & mask)
    return [text + "00" for text in _written(mixed)]


def _written(values: NDArray[np.uint64]) -> list[str]:
    digits = np.empty((len(values), 11), dtype=np.uint8)
    for place in range(11):
        shift = np.uint64(_BITS - 5 * (place + 1))
        digits[:, place] = _CHARACTERS[((values >> shift) & np.uint64(31)).astype(np.intp)]
    joined = digits.tobytes().decode()
    return [joined[start : start + 11] for start in range(0, len(joined), 11)]


def shops(first: int, count: int, seed: int) -> list[tuple[str, str, str, str]]:
    """(id, person, shop's name, handle) of sellers; handles and ids are never repeated."""
    random, words = Random(f"{seed}/{first}"), vocabulary()  # noqa: S311 (no secrets)
    made = []
    for number, identifier in enumerate(listing_ids(first, count), start=first):
        person = f"{random.choice(words['first_names'])} {random.choice(words['last_names'])}"
        shop = f"{random.choice(words['shop_words'])} {random.choice(words['shop_kinds'])}"
        name = random.choice([person, shop, f"{shop} of {random.choice(words['last_names'])}"])
        made.append((f"{identifier[:-2]}z0", person, name, f"{slugify(name)[:28]}-{number}"))
    return made
