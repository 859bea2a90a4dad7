"""Redaction: what a stranger sees says nothing about the hidden words beyond their rough width."""

from __future__ import annotations

import json
import math
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from marketplace.prompts import Slot, Template, Text, parse, public_variables, skeleton, word_count
from marketplace.prompts.redaction import bar_size
from tests.unit.prompts.strategies import SECRET_WORDS, templates

# Words that people do put into image prompts, to attack the bars with.
WORDS = """
a an the of in on at by and with for to no as it is up low big old red sky sun sea fox owl cat dog
art oil ink map day fog ice fir oak hut bay moon lake star snow rain wind gold blue teal pink grey
dark soft warm cold bold flat tiny wide long calm wild lone tall deep pale bird deer wolf bear
ship boat tree leaf rose fern lily pine hill dune cave road path door tower light night storm
cloud beach river ocean field coral amber ivory ebony paper linen glass metal stone brick clay
neon vivid moody misty sunny rainy dreamy golden silver bronze copper indigo violet purple orange
yellow forest desert canyon island castle temple garden meadow winter summer spring autumn sunset
sunrise evening morning horizon shadows texture pattern gradient minimal vintage retro modern
classic abstract surreal portrait landscape cityscape cinematic dramatic volumetric lighting
photograph painting watercolor watercolour illustration engraving isometric symmetrical geometric
intricate elaborate ornamental handcrafted papercut silhouette panoramic atmospheric
photorealistic hyperrealistic monochromatic impressionist expressionist bioluminescent
thunderstorm constellation northern lights mountains lighthouse sailboat balloon crescent
celestial twilight midnight daybreak turquoise lavender emerald magenta detailed masterpiece
composition background foreground depth
"""
VOCABULARY = WORDS.split()


def test_the_words_become_bars_and_the_variables_stay():
    template = parse("paper-cut [Subject=fox] under -- the [sky: sunset | night], \\[fine\\] art")

    assert skeleton(template) == [
        {"kind": "bar", "size": "l"},
        {"kind": "variable", "name": "Subject"},
        {"kind": "bar", "size": "m"},
        {"kind": "bar", "size": "s"},
        {"kind": "variable", "name": "sky"},
        {"kind": "bar", "size": "m"},
        {"kind": "bar", "size": "s"},
    ]
    assert public_variables(template) == [
        {"name": "Subject", "default": "fox", "choices": []},
        {"name": "sky", "default": "sunset", "choices": ["sunset", "night"]},
    ]


def test_punctuation_that_stands_alone_and_line_breaks_leave_no_trace():
    plain = parse("one two [a] three")
    dressed = parse("one — two,\n\n[a]\n| three ... !")
    assert skeleton(dressed) == skeleton(plain)


def test_letters_without_width_do_not_widen_a_bar():
    assert bar_size("e\u0301" * 4) == "s"
    assert bar_size("fox\u200b\u200b\u200b\u200b") == "s"


def test_each_length_class_covers_several_lengths():
    classes = Counter(bar_size("x" * length) for length in range(1, 15))
    assert set(classes) == {"s", "m", "l", "xl"}
    assert min(classes.values()) >= 3


def test_each_bar_leaves_many_words_possible():
    words = set(VOCABULARY)
    classes = Counter(bar_size(word) for word in words)
    assert set(classes) == {"s", "m", "l", "xl"}
    assert min(classes.values()) >= 15
    # What one bar tells on average, in bits, of the seven and more that name a word of this list.
    told = -sum(count / len(words) * math.log2(count / len(words)) for count in classes.values())
    assert math.log2(len(words)) > 7
    assert told < 2


def test_numbers_and_weights_do_not_show():
    shown = json.dumps(skeleton(parse("(glow:1.35) --ar 16:9 --seed 421337 [a]")))
    assert not any(char.isdigit() for char in shown)


def secret_text() -> st.SearchStrategy[Text]:
    words = st.lists(SECRET_WORDS, min_size=1, max_size=6)
    return words.map(lambda found: Text(f" {' '.join(found)} "))


@given(templates(text=secret_text()))
def test_no_word_of_the_source_is_in_what_is_published(template: Template):
    published = json.dumps([skeleton(template), public_variables(template)], ensure_ascii=False)
    names = " ".join(variable.name for variable in template.variables)
    values = " ".join(
        f"{variable.default} {' '.join(variable.choices)}" for variable in template.variables
    )
    for node in template.nodes:
        if isinstance(node, Text):
            for word in node.value.split():
                if word not in names and word not in values:
                    assert word not in published


@given(templates())
def test_the_skeleton_says_nothing_but_length_classes(template: Template):
    """Two templates that differ in nothing but their letters have one and the same skeleton."""

    def disguise(node: Text | Slot) -> Text | Slot:
        if isinstance(node, Slot):
            return node
        stand_in = {"s": "x", "m": "x" * 5, "l": "x" * 8, "xl": "x" * 11}
        bars = skeleton(Template((node,), ()))
        return Text(" ".join(stand_in[bar["size"]] for bar in bars if bar["kind"] == "bar"))

    disguised = Template(tuple(map(disguise, template.nodes)), template.variables)
    assert json.dumps(skeleton(disguised)) == json.dumps(skeleton(template))


@given(templates())
def test_every_word_and_slot_is_one_part(template: Template):
    assert len(skeleton(template)) == word_count(template)


@given(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=20), st.randoms())
def test_swapping_words_of_one_class_changes_no_byte(words: list[str], chance: Random):
    by_class: dict[str, list[str]] = {}
    for word in VOCABULARY:
        by_class.setdefault(bar_size(word), []).append(word)
    swapped = [chance.choice(by_class[bar_size(word)]) for word in words]

    def serialised(text: list[str]) -> str:
        return json.dumps(skeleton(parse(" ".join(text))))

    assert serialised(swapped) == serialised(words)
