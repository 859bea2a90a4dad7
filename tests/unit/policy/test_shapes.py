"""Names that no list holds, found by what stands around them; look-alikes that are left alone."""

from __future__ import annotations

import pytest

from marketplace.policy import Severity
from marketplace.policy.known_words import given_names, is_free_to_name, is_known
from tests.unit.policy.quiet import checked

NAMES = {"THIRD_PARTY_IP", "REAL_PERSON", "ARTIST_NAME"}


def shaped(template: str, **fields: str) -> set[tuple[str, str]]:
    """Code and words of what was found by its shape."""
    texts = {"template": template} | fields
    return {
        (f.code, texts[f.field][f.span[0] : f.span[1]])
        for f in checked(template, **fields)
        if f.rule == "names.shape" and f.span
    }


@pytest.mark.parametrize(
    ("template", "code", "name"),
    [
        ("[subject] by Zorvald Krimm", "ARTIST_NAME", "Zorvald Krimm"),
        ("in the style of Ingeborg Vass, [subject]", "ARTIST_NAME", "Ingeborg Vass"),
        ("[subject], Wessenberg style", "ARTIST_NAME", "Wessenberg"),
        ("à la Wessenberg, [subject]", "ARTIST_NAME", "Wessenberg"),
        ("Wessenberg's clouds over [place]", "ARTIST_NAME", "Wessenberg's"),
        ("art by zorvald krimm, [subject]", "ARTIST_NAME", "zorvald krimm"),
        ("by lena hoschek, [subject]", "ARTIST_NAME", "lena hoschek"),
        ("[subject] by Orlando van der Kempf", "ARTIST_NAME", "Orlando van der Kempf"),
        ("by W e s s e n b e r g, [subject]", "ARTIST_NAME", "W e s s e n b e r g"),
        ("painted like Ostrowski, Wendelin, [subject]", "ARTIST_NAME", "Ostrowski"),
        ("portrait of Jolanta Wrzos in [place]", "REAL_PERSON", "Jolanta Wrzos"),
        ("an actor who looks like Tunde Bakari, [light]", "REAL_PERSON", "Tunde Bakari"),
        ("Emily Carter baking [bread]", "REAL_PERSON", "Emily Carter"),
        ("a Zorblax plush on a [shelf]", "THIRD_PARTY_IP", "Zorblax"),
        ("[animal] in Blorbo Quest cosplay", "THIRD_PARTY_IP", "Blorbo Quest"),
        ("Kelmor sneakers on [surface]", "THIRD_PARTY_IP", "Kelmor"),
        ("map from the world of Vellumark, [style]", "THIRD_PARTY_IP", "Vellumark"),
        ("a page of the Quorvandil in [ink]", "THIRD_PARTY_IP", "Quorvandil"),
        ("Longstocking braids on a [girl]", "THIRD_PARTY_IP", "Longstocking"),
    ],
)
def test_names_are_found_by_their_shape(template: str, code: str, name: str) -> None:
    assert (code, name) in shaped(template)


@pytest.mark.parametrize(
    "template",
    [
        "[subject] by Hokusai",
        "in the manner of Caspar David Friedrich, [place]",
        "art by Pieter Bruegel the Elder, [season]",
        "à la Toulouse-Lautrec, [cafe]",
        "Ukiyo-e style [animal]",
        "Mid Century Modern style [chair]",
        "postcard from Lake Como, [season]",
        "photo of Half Dome at [time]",
        "inspired by Norse Runes, [metal]",
        "by Candlelight, [fruit]",
        "[craft] made by Hand",
        "portrait of a Samurai, [metal]",
        "portrait of Nefertiti in [stone]",
        "Shot on Portra 400, [street]",
        "Venetian Carnival costume of [fabric]",
        "Shetland Pony toy in [wood]",
        "in the style of cottagecore, [room]",
        "a girl named Marta with a [bird]",
        "Rose Garden at [time], watercolour",
        "Scagliola table with [fruit]",
        "Vintage Movie poster of [monster]",
    ],
)
def test_places_the_long_dead_and_plain_words_are_left_alone(template: str) -> None:
    assert not shaped(template)


def test_what_is_found_by_its_shape_is_only_ever_soft() -> None:
    findings = checked("[subject] by Zorvald Krimm, portrait of Jolanta Wrzos")
    weights = {f.severity for f in findings if f.rule == "names.shape"}
    assert weights == {Severity.SOFT}


def test_a_listed_name_is_not_reported_twice() -> None:
    findings = [f for f in checked("[subject] by Greg Rutkowski") if f.code in NAMES]
    assert [f.rule for f in findings] == ["names.artist"]


def test_capitals_in_a_headline_say_little_but_an_unknown_surname_does() -> None:
    assert not shaped("[a thing] in red", title="Emily Meadow Light Series Print")
    found = shaped("[a thing] in red", title="Emily Kranczk Meadow Light Series Print")
    assert {code for code, _ in found} == {"REAL_PERSON"}


def test_what_offends_is_not_called_a_name_as_well() -> None:
    assert not shaped("Boko Haram execution video, [place]")


def test_negative_prompts_are_not_read_for_shapes() -> None:
    assert not shaped("[a thing] in red", negative_prompt="by Zorvald Krimm")


@pytest.mark.parametrize(
    ("template", "severity"),
    [
        ("portrait of Prince in [colour]", Severity.SOFT),
        ("Alf eating a sandwich in a [room], 80s sitcom puppet", Severity.SOFT),
        ("Marta from Brazil, football player, in a [place]", Severity.SOFT),
        ("riders from Dune crossing a [desert]", Severity.SOFT),
        ("Rosalía and her nails, [colour]", Severity.SOFT),
        ("Prince, the singer, in [colour]", Severity.HARD),
        ("a prince and a singer in [colour]", Severity.SOFT),
        ("portrait of a prince in [colour]", None),
        ("Prince of an old kingdom with a [animal]", None),
    ],
)
def test_everyday_words_are_names_where_something_says_so(
    template: str, severity: Severity | None
) -> None:
    weights = {f.severity for f in checked(template) if f.rule.startswith("names.")}
    assert weights == ({severity} if severity else set())


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("Salvador D a l i, [clock]", "ARTIST_NAME"),
        ("Sonic the H e d g e h o g in [place]", "THIRD_PARTY_IP"),
        ("Z e l d a princess with [instrument]", "THIRD_PARTY_IP"),
        ("Vladimir P.u.t.i.n on [animal]", "REAL_PERSON"),
        ("Dalí, Salvador: a [clock]", "ARTIST_NAME"),
        ("Messi Lionel with a [animal]", "REAL_PERSON"),
        ("a bat hero called namtaB on a [roof]", "THIRD_PARTY_IP"),
        ("esiurC moT hanging off a [vehicle]", "REAL_PERSON"),
        ("taylorswiftfan in [city]", "REAL_PERSON"),
        ("LegoBatmanFan with [object]", "THIRD_PARTY_IP"),
        ("Piiikachuuu in [city]", "THIRD_PARTY_IP"),
        ("Sooonic running through [place]", "THIRD_PARTY_IP"),
        ("Luis Vuiton trunk full of [object]", "THIRD_PARTY_IP"),
        ("Angelina Joly in a [place]", "REAL_PERSON"),
    ],
)
def test_disguised_names_are_found(template: str, code: str) -> None:
    assert code in {f.code for f in checked(template)}


@pytest.mark.parametrize(
    "template",
    [
        "apple, pie and [cream]",
        "stone emma-blue and will, smith of [metal]",
        "a b c blocks on [table]",
        "McDonald the farmer with a [cow]",
        "stressed diaper deliver reviled [animal] level",
    ],
)
def test_what_only_looks_disguised_is_left_alone(template: str) -> None:
    assert not {f.code for f in checked(template)} & {"REAL_PERSON", "ARTIST_NAME"}


def test_words_are_known_with_their_endings() -> None:
    assert is_known("castles")
    assert is_known("kyoto")
    assert not is_known("zorvald")


def test_the_long_dead_are_free_to_name_but_not_their_namesakes() -> None:
    assert is_free_to_name(("turner",))
    assert is_free_to_name(("pieter", "bruegel", "the", "elder"))
    assert not is_free_to_name(("kathleen", "turner"))


def test_given_names_are_sure_or_doubtful() -> None:
    names = given_names()
    assert not names.sure & names.doubtful
    assert {"rose", "emily"} & (names.sure | names.doubtful) == {"emily"}
    assert "mark" in names.doubtful


@pytest.mark.parametrize(
    ("template", "severity"),
    [
        ("phoenix with wings of fire over [place]", Severity.SOFT),
        ("cow and chicken on a [farm]", Severity.SOFT),
        ("A THRONE OF GLASS IN [PLACE]", Severity.SOFT),
        ("a dragon from Wings of Fire in [place]", Severity.HARD),
        ("iron man in [city]", Severity.HARD),  # weighed one by one
    ],
)
def test_plain_words_of_the_long_lists_weigh_little_without_capitals(
    template: str, severity: Severity
) -> None:
    assert [f.severity for f in checked(template) if f.rule == "names.character"] == [severity]
