"""Words that may stand for one another."""

from __future__ import annotations

from marketplace.search.synonyms import choices, corrected, groups
from marketplace.search.words import parse


def phrases(typed: str, **corrections: list[str]) -> list[tuple[tuple[str, ...], ...]]:
    return [choice.phrases for choice in choices(parse(typed).wanted, corrections)]


def test_every_phrase_belongs_to_one_group_only() -> None:
    for phrase, group in groups().items():
        assert phrase in group
        assert all(groups()[other] == group for other in group), phrase


def test_whichever_way_it_is_written_all_ways_are_looked_for() -> None:
    for typed in ("kirigami fox", "paper-cut fox", "papercut fox", "paper cut fox"):
        first, second = phrases(typed)
        assert {("kirigami",), ("paper", "cut"), ("papercut",)} <= set(first)
        assert second == (("fox",),)


def test_the_longest_phrase_wins() -> None:
    (only,) = phrases("stable diffusion xl")
    assert ("sdxl",) in only
    assert only[0] == ("stable", "diffusion", "xl")


def test_quoted_words_have_no_synonyms() -> None:
    assert phrases('"aquarelle"') == [(("aquarelle",),)]


def test_corrections_bring_their_own_synonyms() -> None:
    (only,) = phrases("watercolr", watercolr=["watercolor"])
    assert only[0] == ("watercolr",)
    assert {("watercolor",), ("watercolour",), ("aquarelle",)} <= set(only)
    assert corrected(parse('watercolr "watercolr"').wanted, {"watercolr": ["watercolor"]}) == (
        "watercolor watercolr"
    )


def test_a_compound_without_synonyms_stays_together() -> None:
    assert phrases("low-tide moon") == [(("low", "tide"),), (("moon",),)]
