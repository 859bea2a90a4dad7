"""Prints tell what is built alike and cannot be read."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from marketplace.policy.prints import NUMBERS, ROWS, alike, normalised, print_of, similarity

TEMPLATE = (
    "layered paper-cut [animal=fox] in a birch forest at [time: dawn | dusk], soft rim light, "
    "grain of handmade paper, five flat layers, muted greens"
)
CLONE = (
    "layered paper-cut [creature=owl] in a birch forest at [hour: noon | night], soft rim light, "
    "grain of handmade paper, six flat layers, muted greens"
)
OTHER = "isometric [room] with tiny furniture, pastel palette, clean bevels, studio shadow"


def digest(data: bytes, key: bytes = b"one") -> bytes:
    return hmac.digest(key, data, hashlib.sha256)


def test_variables_are_slots() -> None:
    assert normalised("A [x=fox] \\[in\\] Snow, [x]!") == ("a", "□", "in", "snow", "□")


def test_a_print_depends_on_structure_and_key_alone() -> None:
    made = print_of(TEMPLATE, digest)
    renamed = TEMPLATE.replace("[animal=fox]", "[beast: wolf | bear]").upper().replace("FOX", "x")
    assert print_of(renamed, digest) == made
    other_key = print_of(TEMPLATE, lambda data: digest(data, b"two"))
    assert similarity(made.signature, other_key.signature) < 0.1
    assert len(made.signature) == 4 * NUMBERS
    assert len(made.bands) == NUMBERS // ROWS
    assert all(0 <= band < 1 << 63 for band in made.bands)


def test_clones_are_near_and_others_far() -> None:
    made, clone, other = (print_of(text, digest) for text in (TEMPLATE, CLONE, OTHER))
    assert similarity(made.signature, clone.signature) > 0.7
    assert set(made.bands) & set(clone.bands)
    assert similarity(made.signature, other.signature) < 0.2
    assert alike(TEMPLATE, CLONE) > 0.9
    assert alike(TEMPLATE, OTHER) < 0.5


def test_the_estimate_is_that_of_the_pieces_in_common() -> None:
    one = "alpha beta gamma delta epsilon zeta eta theta iota kappa"
    two = "alpha beta gamma delta epsilon lambda mu nu xi omicron"
    exact = (5 + 4) / (15 + 14)  # words and pairs in common, of all
    found = similarity(print_of(one, digest).signature, print_of(two, digest).signature)
    assert found == pytest.approx(exact, abs=4 * 0.044)
