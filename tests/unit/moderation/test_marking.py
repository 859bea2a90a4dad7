"""Marks in a text, and what changed between two: nothing of either text is lost."""

from __future__ import annotations

import pytest

from marketplace.moderation.marking import MAX_PIECES, Piece, changed, marked


def test_findings_cut_the_text_where_they_begin_and_end() -> None:
    text = "a red fox at night"
    pieces = marked(text, [(2, 9, "soft"), (6, 9, "hard"), (13, 18, "note")])
    assert "".join(piece.text for piece in pieces) == text
    assert [(piece.text, piece.mark) for piece in pieces if piece.mark] == [
        ("red ", "soft"),
        ("fox", "hard"),
        ("night", "note"),
    ]


@pytest.mark.parametrize("span", [(-5, 2), (3, 900), (4, 4), (7, 2)])
def test_places_outside_the_text_are_cut_off(span: tuple[int, int]) -> None:
    pieces = marked("fox", [(*span, "hard")])
    assert "".join(piece.text for piece in pieces) == "fox"


def test_what_changed_is_told_word_by_word() -> None:
    pieces = changed("a red fox, at night", "a blue fox, at night in June")
    assert [(piece.mark, piece.text) for piece in pieces if piece.mark] == [
        ("removed", "red"),
        ("added", "blue"),
        ("added", " in June"),
    ]
    assert "".join(p.text for p in pieces if p.mark != "removed") == "a blue fox, at night in June"
    assert "".join(p.text for p in pieces if p.mark != "added") == "a red fox, at night"


def test_two_endless_texts_are_not_compared() -> None:
    long = "x " * MAX_PIECES
    assert changed(long, long + "y") == [Piece(long + "y", "added")]
