"""Promises, advertising and silence in public texts; the language of the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from marketplace.policy import ModelFacts
from tests.unit.policy.quiet import checked, codes

TEMPLATE = "origami [animal] on oak"
PLAIN_MODEL = ModelFacts(slug="sd-1-5", name="Stable Diffusion 1.5", family="Stable Diffusion 1.5")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": "Mega pack of 500 prompts"}, "MISLEADING_TEXT"),
        ({"title": "The #1 best-selling fox"}, "MISLEADING_TEXT"),
        (
            {"description": "Officially licensed by a famous studio, look for all."},
            "MISLEADING_TEXT",
        ),
        ({"description": "Earn money while you sleep with this very look."}, "MISLEADING_TEXT"),
        (
            {"description": "Comes with a video course about folding paper animals."},
            "MISLEADING_TEXT",
        ),
        ({"description": "Write to me: seller@shop.example for the better version."}, "SPAM"),
        ({"title": "BUY NOW!!! PAPER FOXES!!!"}, "SPAM"),
        ({"tags": ("fox", "foxes", "fox art", "best fox", "fox prompt")}, "SPAM"),
        ({"title": "Untitled"}, "METADATA_MISSING"),
        ({"tags": ()}, "METADATA_MISSING"),
        ({"description": "Nice one."}, "METADATA_MISSING"),
    ],
)
def test_texts_that_are_noticed(fields: dict[str, Any], code: str) -> None:
    assert code in codes(TEMPLATE, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "Not affiliated with any brand; choose an animal and a paper colour."},
        {"title": "Three folded looks in one"},
        {"description": "Best with 20 steps; 3 of 4 pictures came out well in my own trials."},
        {"title": "NASA blueprints, folded"},
    ],
)
def test_honest_texts_pass(fields: dict[str, Any]) -> None:
    assert codes(TEMPLATE, **fields) == set()


def test_variables_should_explain_themselves() -> None:
    (finding,) = checked("origami on oak by [light], [x]")
    assert (finding.code, finding.span) == ("METADATA_MISSING", (27, 30))


@pytest.mark.parametrize(
    "template",
    [
        "origami [animal] on oak --ar 16:9",
        "origami [animal] on (oak:1.3)",
        "${animal} folded [x y]",
    ],
)
def test_other_tools_language(template: str) -> None:
    assert "MODEL_RULES" in codes(template, model=PLAIN_MODEL)


def test_what_the_model_understands_is_no_finding() -> None:
    model = replace(PLAIN_MODEL, flags=True, weights=True, negative_prompt=True)
    template = "origami [animal] on (oak:1.3) --ar 16:9"
    assert codes(template, model=model, negative_prompt="blurry") == set()


def test_a_negative_prompt_for_a_model_that_takes_none() -> None:
    found = checked(TEMPLATE, model=PLAIN_MODEL, negative_prompt="blurry")
    assert [(f.code, f.field) for f in found] == [("MODEL_RULES", "negative_prompt")]


def test_prompts_longer_than_the_model_reads() -> None:
    model = replace(PLAIN_MODEL, prompt_tokens=77)
    assert "MODEL_RULES" in codes(TEMPLATE + " word" * 70, model=model)
    assert "MODEL_RULES" not in codes(TEMPLATE, model=model)


@pytest.mark.parametrize("change", [{"known": False}, {"open": False}])
def test_models_that_cannot_be_chosen(change: dict[str, bool]) -> None:
    assert "UNSUPPORTED_MODEL" in codes(TEMPLATE, model=replace(PLAIN_MODEL, **change))


def test_another_models_name_in_the_title() -> None:
    assert "MISLEADING_TEXT" in codes(TEMPLATE, model=PLAIN_MODEL, title="Midjourney foxes")
    assert codes(TEMPLATE, model=PLAIN_MODEL, title="Stable Diffusion foxes") == set()
