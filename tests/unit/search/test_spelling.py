"""What was meant by a mistyped word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.search.spelling import PREFIX, distance, edits_allowed, forms, nearest

LETTERS = st.text(alphabet="abcde", min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [
        ("fox", "fox", 0),
        ("fox", "fix", 1),
        ("galss", "glass", 1),
        ("ligthouse", "lighthouse", 1),
        ("jewlery", "jewelry", 1),
        ("cyberpnuk", "cyberpunk", 1),
        ("kitten", "sitting", 3),
        ("abcdef", "fedcba", 3),
    ],
)
def test_distances(a: str, b: str, edits: int) -> None:
    assert distance(a, b, 2) == min(edits, 3)


@given(LETTERS, LETTERS)
@settings(max_examples=60, deadline=None)
def test_distance_is_symmetric_and_nought_only_for_the_same(a: str, b: str) -> None:
    assert distance(a, b, 2) == distance(b, a, 2)
    assert (distance(a, b, 2) == 0) == (a == b)


@given(st.text(alphabet="abcdefgh", min_size=7, max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_words_within_the_allowed_edits_share_a_form(word: str, data: st.DataObject) -> None:
    typed = word
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(typed) - 1))
        letter = data.draw(st.sampled_from(["", "x", "y"]))
        typed = typed[:at] + letter + typed[at + 1 :]
    if distance(word, typed, 2) <= min(edits_allowed(word), edits_allowed(typed)):
        assert set(forms(word)) & set(forms(typed))


def test_short_words_and_numbers_are_left_alone() -> None:
    assert [edits_allowed(word) for word in ("fox", "door", "lantern", "1930s")] == [0, 1, 2, 0]
    assert forms("fox") == ["fox"]
    assert forms("cabin") == ["abin", "cabi", "cabin", "cabn", "cain", "cbin"]
    assert max(len(form) for form in forms("lighthouses")) == PREFIX


def test_the_nearest_word_wins_then_the_same_beginning_then_the_commoner_one() -> None:
    assert nearest("lanterm", {"lantern": 1, "cantern": 9, "pattern": 90}) == ["lantern"]
    assert nearest("coast", {"roast": 50, "coats": 1}) == ["coats", "roast"]
    assert nearest("zebra", {"lantern": 3}) == []
