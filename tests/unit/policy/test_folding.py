"""Tricks of Unicode fold away, and every character knows where it came from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.policy.folding import fold


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Beyoncé", "beyonce"),
        ("Be\u0301la", "bela"),
        ("ＦＵＬＬ ｗｉｄｔｈ", "full width"),
        ("\U0001d407omer", "homer"),
        ("ⓑⓐⓣ", "bat"),
        ("\U0001f170\U0001f171", "ab"),
        ("\U0001f1ec\U0001f1e7", "gb"),
        ("Мickey", "mickey"),
        ("Нomer", "homer"),
        ("sіmрѕоn", "simpson"),
        ("νader", "vader"),
        ("zero\u200bwid\u200dth\u00ad", "zerowidth"),
        ("filler\u3164less", "fillerless"),
        ("struck\u0336", "struck"),
        ("it’s", "it's"),
        ("tab\tand\nline", "tab and line"),
        ("ﬁne", "fine"),
        ("москва 東京", "mockba 東京"),
    ],
)
def test_what_looks_alike_reads_alike(written: str, read: str) -> None:
    assert fold(written).text == read


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_every_folded_character_knows_its_place(text: str) -> None:
    folded = fold(text)
    assert len(folded.origin) == len(folded.text)
    assert all(0 <= start < end <= len(text) for start, end in folded.origin)
    assert list(folded.origin) == sorted(folded.origin)


def test_a_character_may_become_several() -> None:
    folded = fold("aﬀb")
    assert folded.text == "affb"
    assert folded.origin == ((0, 1), (1, 2), (1, 2), (2, 3))
