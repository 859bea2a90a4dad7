"""Offensive and sexual words with their borders, and the safety of minors."""

from __future__ import annotations

import pytest

from marketplace.policy import Severity
from marketplace.policy.tone import ProfanityCheck, findings_of
from tests.unit.policy.quiet import checked, codes

BAD = {"OFFENSIVE", "SEXUAL", "MINOR_SAFETY"}


@pytest.mark.parametrize(
    "template",
    [
        "Scunthorpe high street, [decade]",
        "great tit and blue tits on a [branch]",
        "cock pheasant in [season]",
        "naked mole rat, [plate]",
        "pussy willow in a [vase]",
        "Maine coon on a [chair]",
        "a chink in the armour, [light]",
        "shiitake on [wood]",
        "an assassin and a therapist, [style]",
        "bastard sword, [metal]",
        "a sniggering [animal]",
        "kids bedroom with nude beige walls and a [toy]",
        "toddler with a [colour] bucket",
        "twelve year old whisky, [glass]",
        "a goat kid and naked branches, [season]",
    ],
)
def test_innocent_words_stay_innocent(template: str) -> None:
    assert not codes(template) & BAD


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("shitty [thing]", "OFFENSIVE"),
        ("clusterfucked [thing]", "OFFENSIVE"),
        ("sh*t on a [thing]", "OFFENSIVE"),
        ("b!tch, [font]", "OFFENSIVE"),
        ("fuuuck, [font]", "OFFENSIVE"),
        ("fvck, [font]", "OFFENSIVE"),
        ("[insult: saint | twat]", "OFFENSIVE"),
        ("swastika on a [wall]", "OFFENSIVE"),
        ("nude woman on a [sofa]", "SEXUAL"),
        ("p o r n in a [room]", "SEXUAL"),
    ],
)
def test_listed_words_are_found(template: str, code: str) -> None:
    assert code in codes(template)


@pytest.mark.parametrize(
    "template",
    ["sexy schoolgirl, [place]", "[who: a child | a woman], nude", "a 15 yo girl, erotic, [x y]"],
)
def test_minors_beside_sexual_words(template: str) -> None:
    finding = next(f for f in checked(template) if f.code == "MINOR_SAFETY")
    assert finding.severity is Severity.HARD
    assert not {"schoolgirl", "child", "girl", "nude"} & set(finding.explanation.split())


def test_minors_in_one_text_and_sexual_words_in_another() -> None:
    found = checked("sensual light over a [city]", title="For teenagers")
    assert [f.severity for f in found if f.code == "MINOR_SAFETY"] == [Severity.SOFT]


def test_a_negative_prompt_keeps_things_out() -> None:
    assert codes("[animal] in clay", negative_prompt="nsfw, nude, gore, child, blood") == {
        "TOO_SIMPLE"
    }


def test_a_negative_prompt_without_clothes_is_another_matter() -> None:
    assert "SEXUAL" in codes("portrait, oil on [wood]", negative_prompt="clothes, blurry")
    assert "SEXUAL" not in codes("portrait, oil on [wood]", negative_prompt="torn clothes, blurry")


def test_slurs_count_in_negative_prompts_too() -> None:
    assert "OFFENSIVE" in codes("portrait, oil on [wood]", negative_prompt="faggot")


def test_places_are_those_of_the_field() -> None:
    template = "so sh\u200bit a [thing]"
    span = next(f.span for f in checked(template) if f.code == "OFFENSIVE")
    assert span is not None
    assert template[span[0] : span[1]] == "sh\u200bit"


def test_the_tone_model_is_asked_and_only_ever_soft() -> None:
    texts = [("title", "you are a stupid idiot and a loser"), ("template", "a quiet harbour")]
    found = list(findings_of(texts, ProfanityCheck()))
    assert [(f.field, f.code, f.severity, f.span) for f in found] == [
        ("title", "OFFENSIVE", Severity.SOFT, None)
    ]


def test_things_may_be_naked_without_much_ado() -> None:
    def weight(template: str) -> Severity:
        return next(f.severity for f in checked(template) if f.code == "SEXUAL")

    assert weight("naked rock under a [sky]") is Severity.SOFT
    assert weight("naked man under a [sky]") is Severity.HARD
    assert weight("[woman], naked, under a [sky]") is Severity.HARD
