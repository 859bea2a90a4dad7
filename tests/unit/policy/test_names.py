"""Names that belong to others, and the everyday words and places that only sound like them."""

from __future__ import annotations

import json

import pytest

from marketplace.policy import Severity
from marketplace.policy.data_files import FOLDER, load
from marketplace.policy.known_words import is_known
from marketplace.policy.name_lists import FILES, GROUP_FILES, Entry, GroupList
from marketplace.policy.phrases import words_of
from tests.unit.policy.quiet import checked, codes

NAMES = {"THIRD_PARTY_IP", "REAL_PERSON", "ARTIST_NAME"}


@pytest.mark.parametrize(
    "template",
    [
        "pegboard with [tools]",
        "Paris in the [season], gouache",
        "a boy named Mickey with a [pet]",
        "an apple on a table beside a [jug]",
        "the Jordan valley at [time of day]",
        "a hairy potter and his [pot]",
        "robin redbreast on a [branch], linocut",
        "madonna and child, [century] altarpiece",
        "jaguar resting on a [branch], photograph",
        "archery target with [number] arrows",
        "amazon river at [time], drone photo",
        "sea shells on [sand]",
        "girl called Elsa with a [bird]",
        "will smith a horseshoe for a [horse]",
        "a flash of lightning over a [field]",
        "penguin on [ice], documentary",
        "prince charming puppet, [felt]",
        "a minion of the [lord]",
        "a garfield county road, [season]",
        "magnets and a carrier pigeon beside a [stone]",
        "a trump card on [cloth]",
        "William Morris style pattern of [plant]",
        "a red shield on a [wall]",
        "stormy panoramic coast with metallic [light], equestrian statue",
        "a hen lays eggs in a [basket]",
        "a girl named Anya with a [bird]",
        "dark crystal cave, [colour] light",
    ],
)
def test_look_alikes_are_left_alone(template: str) -> None:
    assert not codes(template) & NAMES


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("Elsa from Frozen, [dress]", "THIRD_PARTY_IP"),
        ("Mickey and Minnie in [city]", "THIRD_PARTY_IP"),
        ("an Apple logo in [metal]", "THIRD_PARTY_IP"),
        ("Adele, the singer, in [city]", "REAL_PERSON"),
        ("Will Smith in [city]", "REAL_PERSON"),
        ("Beyonce in [city]", "REAL_PERSON"),
        ("by Simon Stalenhag, [robot]", "ARTIST_NAME"),
        ("[hero: a knight | Batman]", "THIRD_PARTY_IP"),
        ("Homer [last=Simpson] at home", "THIRD_PARTY_IP"),
        ("Mickey [what: Finn | Mouse] at home", "THIRD_PARTY_IP"),
        ("Scarlet Johanson in [city]", "REAL_PERSON"),
        ("Magic: The Gathering card of a [beast]", "THIRD_PARTY_IP"),
        ("Dungeons & Dragons, [beast]", "THIRD_PARTY_IP"),
        ("Corto Maltese in [city]", "THIRD_PARTY_IP"),
        ("a Kylie, singer, in [city]", "REAL_PERSON"),
    ],
)
def test_names_are_found(template: str, code: str) -> None:
    assert code in codes(template)


def test_places_fit_the_template_as_it_was_written() -> None:
    template = "a \\[b\\] Homer [last: Finn | Simpson] and [hero: Zo | Batman]"
    spans = {
        template[f.span[0] : f.span[1]]
        for f in checked(template)
        if f.code == "THIRD_PARTY_IP" and f.span
    }
    assert spans == {"Homer [last: Finn | Simpson]", "Batman"}


def test_kinds_weigh_differently() -> None:
    def weight(template: str) -> Severity:
        return next(f.severity for f in checked(template) if f.code in NAMES)

    assert weight("Batman in [city]") is Severity.HARD
    assert weight("a Ferrari in [city]") is Severity.SOFT
    assert weight("a Ferrari logo in [city]") is Severity.HARD
    assert weight("dots by Picasso, [shape]") is Severity.SOFT
    assert weight("Harry Poter in [city]") is Severity.SOFT
    assert weight("Garfield in [city]") is Severity.SOFT
    assert weight("Garfield, a cartoon cat, in [city]") is Severity.HARD


def test_keeping_a_name_out_is_only_advice() -> None:
    findings = checked("[animal] on a plain sheet", negative_prompt="disney, pikachu")
    assert {(f.code, f.severity) for f in findings} == {("THIRD_PARTY_IP", Severity.NOTE)}


def test_public_texts_are_read_too() -> None:
    fields = {f.field for f in checked("[a thing] in red", title="Pikachu", tags=("x", "hogwarts"))}
    assert {"title", "tags.1"} <= fields


@pytest.mark.parametrize("name", FILES)
def test_every_listed_name_is_found_as_it_stands(name: str) -> None:
    """Spot checks of the whole list: a name that an allowed phrase hides would never be found."""
    entries = json.loads((FOLDER / name).read_text())["entries"]
    assert len(entries) > 300
    for record in entries[::23]:
        entry = Entry.model_validate(record)
        company = " ".join(entry.with_[:2])
        found = checked(f"{entry.name} in a room, {company}, [colour]")
        assert any(f.code in NAMES for f in found), entry.name


@pytest.mark.parametrize("name", GROUP_FILES)
def test_every_name_of_the_long_lists_is_found_as_it_stands(name: str) -> None:
    """Spot checks again: one name of each way of counting from every group."""
    for group in load(GroupList, name).groups:
        company = " ".join(group.with_[:2])
        for listed in (group.names[:1], group.cased[:1], group.everyday[:1]):
            for spelling in listed:
                found = checked(f"{spelling} in a room, {company}, [colour]")
                assert any(f.code in NAMES for f in found), spelling


def test_capitals_in_a_title_full_of_them_say_little() -> None:
    def weight(template: str) -> Severity:
        return next(f.severity for f in checked(template) if f.code in NAMES)

    assert weight("a Green Day poster for a [room]") is Severity.HARD
    assert weight("Fresh Green Day Meadow Light [room]") is Severity.SOFT


def test_nothing_is_listed_twice() -> None:
    for name in FILES:
        entries = json.loads((FOLDER / name).read_text())["entries"]
        keys = [(entry["name"].casefold(), bool(entry.get("with"))) for entry in entries]
        assert len(keys) == len(set(keys)), name


@pytest.mark.parametrize("name", [name for name in GROUP_FILES if name.startswith("further")])
def test_no_name_of_several_words_is_an_everyday_one_when_joined(name: str) -> None:
    """“W.I.T.C.H.” would be found in every witch."""
    for group in load(GroupList, name).groups:
        for listed in (*group.names, *group.cased):
            words = words_of(listed)
            assert len(words) == 1 or not is_known("".join(words)), listed
