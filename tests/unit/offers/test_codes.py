"""Codes as people write them."""

from __future__ import annotations

import pytest

from marketplace.core.errors import InvalidError
from marketplace.offers import codes


@pytest.mark.parametrize("text", ["fox20", "FOX-20", " fox 20 ", "f0x20", "Fox_2O"])
def test_one_code_in_many_spellings(text: str) -> None:
    assert codes.folded(text) == "F0X20"


@pytest.mark.parametrize("text", ["", "abc", "x" * 21, "fox!20", "‘; drop", "fox20\0", "ſox20"])
def test_what_can_be_no_code(text: str) -> None:
    assert codes.folded(text) == ""
    if text:
        with pytest.raises(InvalidError, match="4 to 20 letters and digits"):
            codes.chosen(text)


def test_a_blank_one_is_drawn() -> None:
    drawn = {codes.chosen(" ") for _ in range(50)}
    assert len(drawn) == 50
    assert all(len(code) == codes.DRAWN and codes.folded(code) == code for code in drawn)
    assert codes.chosen("hello-20") == "HELLO20"
