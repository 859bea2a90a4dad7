"""Filling: good values go in, bad ones are told by variable, no bracket of the template stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.prompts import (
    FillError,
    Template,
    Text,
    default_values,
    example,
    example_values,
    fill,
    parse,
)
from tests.unit.prompts.strategies import templates, valid_values

FOX = parse("a [subject=fox] under a [sky: sunset | night] sky, \\[v2\\], by [Whom], [subject]")


def codes(template: Template, values: dict[str, str]) -> dict[str, str]:
    with pytest.raises(FillError) as caught:
        fill(template, values)
    assert all(problem.message for problem in caught.value.problems.values())
    return {name: problem.code for name, problem in caught.value.problems.items()}


def test_values_replace_every_occurrence_and_literals_stay():
    values = {"SUBJECT": " owl ", "sky": "Night", "whom": "me"}
    assert fill(FOX, values) == "a owl under a night sky, [v2], by me, owl"


def test_missing_and_blank_values_mean_the_default():
    assert fill(FOX, {"whom": "me", "sky": "  "}) == "a fox under a sunset sky, [v2], by me, fox"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("x" * 121, "too_long"),
        ("a\nb", "control_characters"),
        ("a\x00b", "control_characters"),
        ("a\u2028b", "control_characters"),
        ("a\u202eb", "control_characters"),
        ("half \udc00 pair", "control_characters"),
        ("[sky]", "brackets"),
        ("]", "brackets"),
    ],
)
def test_bad_values(value: str, code: str):
    assert codes(FOX, {"whom": "me", "subject": value}) == {"subject": code}


def test_all_bad_values_are_told_at_once_by_variable():
    values = {"mood": "sad", "SKY": "storm", "subject": "[", "Subject ": "fox"}
    assert codes(FOX, values) == {
        "mood": "unknown",
        "sky": "not_a_choice",
        "subject": "twice",
        "Whom": "missing",
    }


def test_a_value_is_never_read_as_template_source():
    template = parse("[a] [b=secret]")
    assert fill(template, {"a": "\\"}) == "\\ secret"


def test_a_value_of_exactly_the_limit():
    assert fill(parse("[a]"), {"a": "x" * 120}) == "x" * 120


def test_defaults_and_example():
    assert default_values(FOX) == {"subject": "fox", "sky": "sunset"}
    assert example_values(FOX) == {"subject": "fox", "sky": "sunset", "Whom": "Whom"}
    assert example(FOX) == "a fox under a sunset sky, [v2], by Whom, fox"


@given(st.data(), templates())
def test_filling_leaves_no_bracket_but_the_literal_ones(data: st.DataObject, template: Template):
    values = {variable.name: data.draw(valid_values(variable)) for variable in template.variables}
    literals = [node.value for node in template.nodes if isinstance(node, Text)]

    filled = fill(template, values)

    for bracket in "[]":
        assert filled.count(bracket) == sum(text.count(bracket) for text in literals)
    for value in values.values():
        assert value in filled


@given(templates())
def test_every_template_has_a_working_example(template: Template):
    assert len(example(template)) >= sum(
        len(node.value) for node in template.nodes if isinstance(node, Text)
    )


@given(st.text(max_size=140))
def test_any_value_is_filled_in_safely_or_refused(value: str):
    template = parse("x[a=default]y")
    try:
        filled = fill(template, {"a": value})
    except FillError:
        return
    assert "[" not in filled
    assert "]" not in filled
    assert filled.isprintable() or not value.isprintable()
    assert len(filled) <= 122
