"""Ids and secrets that look like Stripe's; the same ones again when seeded."""

from __future__ import annotations

import random
import string

_ALPHABET = string.ascii_letters + string.digits


class Ids:
    """A source of ids: the system's randomness, or a repeatable series for a seed."""

    def __init__(self, seed: int | str | None = None) -> None:
        self.random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)

    def token(self, length: int) -> str:
        """Letters and digits as Stripe's ids use them."""
        return "".join(self.random.choices(_ALPHABET, k=length))

    def new(self, prefix: str, length: int = 24) -> str:
        """An id: a prefix, then letters and digits."""
        return f"{prefix}_{self.token(length)}"
