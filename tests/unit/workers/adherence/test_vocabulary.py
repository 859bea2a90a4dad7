"""Reading the house model's attributes out of a prompt."""

from __future__ import annotations

import random

import pytest

from house_model.grammar import VOCABULARY, caption, random_scene, said_attributes
from workers.adherence.vocabulary import attributes_said


def said(text: str) -> dict[str, set[str]]:
    return {name: set(values) for name, values in attributes_said(text).items()}


def test_it_reads_a_prompt() -> None:
    assert said("Paper-cut of a red fox on the left, rolling hills at golden hour, teal") == {
        "style": {"paper-cut"},
        "subject": {"fox"},
        "place": {"left"},
        "terrain": {"hills"},
        "time": {"sunset"},
        "palette": {"teal"},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("golden hour", {"time": {"sunset"}}),  # not the colour gold
        ("golden", {"palette": {"gold"}}),
        ("a blue sky", {"time": {"noon"}}),  # not the palette indigo
        ("pine trees", {"subject": {"pine trees"}}),  # not a lone tree
        ("a fox and a castle", {"subject": {"fox", "castle"}}),
        ("on the left", {}),  # of what?
        ("foxglove, sunsets, castled", {}),
        ("", {}),
        ("?!", {}),
    ],
)
def test_the_longest_phrase_wins_and_words_are_whole(
    text: str, expected: dict[str, set[str]]
) -> None:
    assert said(text) == expected


def test_no_phrase_means_two_things() -> None:
    """Every phrase on its own names its own value (the place needs its subject)."""
    for attribute, values in VOCABULARY.items():
        for value, phrases in values.items():
            for phrase in phrases:
                text = f"a fox {phrase}" if attribute == "place" else phrase
                assert value in said(text)[attribute], phrase


def test_it_understands_the_captions_that_the_model_was_trained_on() -> None:
    """Captions join phrases freely, so a few collide ("violet evening sky"); very few."""
    rng = random.Random(1)
    right = total = 0
    for _ in range(300):
        scene = random_scene(rng)
        named = said_attributes(rng, scene)
        read = said(caption(rng, scene, said=named))
        for attribute in named:
            total += 1
            right += read.get(attribute) == {getattr(scene, attribute)}
    assert right / total > 0.97
