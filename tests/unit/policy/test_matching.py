"""How a listed phrase may be written and still be found, and what only happens to look like it."""

from __future__ import annotations

import pytest

from marketplace.policy.matching import How, Matcher, Views, phrase_of

LISTED = ["homer simpson", "batman", "pikachu", "asshole", "ass", "r2 d2", "spongebob"]
MATCHER = Matcher(phrase_of(text, number) for number, text in enumerate(LISTED))


def found(text: str) -> dict[str, How]:
    """Listed phrases found in a text, with the plainest way in which they are written."""
    hits: dict[str, How] = {}
    for _, hit in MATCHER.find(Views(text)):
        name = LISTED[hit.number]
        hits[name] = min(hits.get(name, hit.how), hit.how)
    return hits


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        ("a Homer Simpson statue", "homer simpson", How.PLAIN),
        ("Homer-Simpson", "homer simpson", How.PLAIN),
        ("two Batmans", "batman", How.PLAIN),
        ("Batman's cape", "batman", How.PLAIN),
        ("HomerSimpson", "homer simpson", How.JOINED),
        ("h o m e r  s i m p s o n", "homer simpson", How.TRICK),
        ("b.a.t.m.a.n", "batman", How.TRICK),
        ("B4tm4n", "batman", How.TRICK),
        ("p1k4chu!", "pikachu", How.TRICK),
        ("@sshole", "asshole", How.TRICK),
        ("baaaatman", "batman", How.TRICK),
        ("sponge bob", "spongebob", How.SPLIT),
        ("r2-d2", "r2 d2", How.PLAIN),
    ],
)
def test_ways_of_writing(text: str, name: str, how: How) -> None:
    assert found(text)[name] is how


@pytest.mark.parametrize(
    "text",
    [
        "assassin and grass",
        "classic bass",
        "combatmanual",
        "Homer, Simpson",
        "homer [x] simpson",
        "as Sholes",
        "a 55 year old",
        "ba tm an",
        "4 55 people",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    assert found(text) == {}


def test_the_place_is_that_of_the_original() -> None:
    text = "so: H\u200b0m\u200cer Simps\u043en!"
    view, hit = next(iter(MATCHER.find(Views(text))))
    start, end = view.span(hit.start, hit.end)
    assert text[start:end] == "H\u200b0m\u200cer Simps\u043en"
