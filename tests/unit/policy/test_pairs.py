"""Words that are offensive together and not apart."""

from __future__ import annotations

import pytest

from marketplace.policy import Severity
from marketplace.policy.codes import reason_codes
from marketplace.policy.data_files import load
from marketplace.policy.pairs import Pairs
from tests.unit.policy.quiet import checked, codes


@pytest.mark.parametrize(
    "template",
    [
        "poster saying kill all [group], bold type",
        "death to the foreigners on [wall]",
        "refugees should be gassed, [font]",
        "a glorious day of genocide, [style]",
        "genocide was great, [style]",
        "ISIS execution scene in a [place]",
        "Boko Haram recruitment poster in [colour]",
        "kitten in a blender, [light]",
        "razor on her wrist in [room]",
        "beat your wife mug with [drawing]",
        "k1ll all refug33s, [font]",
        "Srebrenica was a good start, [style] mural",
        "the Christchurch shooter as a saint, [colour] gold",
        "a greedy hook-nosed Jew with [object]",
        "black people drawn as monkeys in a [place]",
    ],
)
def test_pairs_are_found(template: str) -> None:
    found = [f for f in checked(template) if f.code == "OFFENSIVE"]
    assert found
    assert found[0].severity is Severity.HARD


@pytest.mark.parametrize(
    "template",
    [
        "women in a kitchen with a killing frost outside, [light]",
        "people celebrating a harvest in [village]",
        "Isis and Osiris on a [wall]",
        "a wife beating eggs in [kitchen]",
        "girls and boys at a [fair]",
        "hero of a [legend] at dawn",
        "children to bed with a [lamp]",
        "watch on a wrist, [metal]",
        "lazy cats and black people watchers in a [park]",
        "Asians and Africans at a [market], a monkey on a wall",
        "a saint in a mass of [light]",
    ],
)
def test_words_apart_are_left_alone(template: str) -> None:
    assert "OFFENSIVE" not in codes(template)


def test_a_negative_prompt_keeps_such_words_out() -> None:
    found = checked("[a thing] in red", negative_prompt="ISIS execution")
    assert not [f for f in found if f.rule == "words.pair"]


def test_every_pair_speaks_of_a_listed_code() -> None:
    keys = {code.key for code in reason_codes()}
    assert all(pair.code in keys for pair in load(Pairs, "pairs.json").pairs)


@pytest.mark.parametrize(
    "template",
    [
        "scheiss Wetter on a [sign]",
        "puta madre in [font]",
        "1488 on a [shirt]",
        "man hanging himself in [room]",
        "blackface clown in [theatre]",
        "пиздец on a [wall]",
    ],
)
def test_words_of_other_languages_and_signs_of_hate_are_found(template: str) -> None:
    assert "OFFENSIVE" in codes(template)


@pytest.mark.parametrize(
    "template",
    [
        "oilseed rape in bloom under [sky]",
        "homo sapiens skull on [cloth]",
        "a honky tonk piano in [bar]",
        "anal fin of a [fish], scientific plate",
        "kaffir lime leaves on [cloth]",
        "merde d'artiste",
    ],
)
def test_innocent_uses_of_the_new_words_are_left_alone(template: str) -> None:
    hard = {f.code for f in checked(template) if f.severity is Severity.HARD}
    assert not hard & {"OFFENSIVE", "SEXUAL"}
