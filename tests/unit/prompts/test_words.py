"""What counts as a word."""

from __future__ import annotations

import pytest

from marketplace.prompts import parse, word_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("one", 1),
        ("  one\n two\tthree ", 3),
        ("paper-cut fox, 4k!", 3),
        ("fox -- | ... owl", 2),
        ("\u200b", 0),
        ("🦊 under 月", 3),
    ],
)
def test_words_of_a_text(text: str, count: int):
    assert word_count(text) == count


def test_a_slot_of_a_template_counts_as_one_word():
    assert word_count(parse("a [big cat=striped tiger] in [place], [big cat]")) == 5
