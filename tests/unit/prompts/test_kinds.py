"""Variables with a kind: how they are declared, what they accept, what strangers learn."""

from __future__ import annotations

from decimal import Decimal

import pytest

from marketplace.prompts import (
    FillError,
    Kind,
    Limits,
    TemplateError,
    Variable,
    example,
    example_values,
    fill,
    format_template,
    parse,
    public_variables,
    typical_values,
)

AGE = "a fox of [age: number 1 to 99 = 30; label=Age of the fox; help=In years; examples=1, 30]"


def variable(source: str) -> Variable:
    (found,) = parse(source).variables
    return found


def problem(source: str) -> tuple[str, str]:
    with pytest.raises(TemplateError) as caught:
        parse(source)
    return caught.value.code, caught.value.message


def refusal(source: str, value: str) -> tuple[str, str]:
    template = parse(source)
    with pytest.raises(FillError) as caught:
        fill(template, {"x": value})
    return caught.value.code, caught.value.message


def test_everything_that_can_be_declared():
    assert variable(AGE) == Variable(
        "age",
        default="30",
        kind=Kind.NUMBER,
        limits=Limits(Decimal(1), Decimal(99)),
        label="Age of the fox",
        help="In years",
        examples=("1", "30"),
    )
    assert format_template(parse(AGE)) == AGE


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("[x: text up to 12 = Anna]", Variable("x", "Anna", limits=Limits(longest=12))),
        ("[x: text; help=Any animal]", Variable("x", help="Any animal")),
        (
            "[x: choice of red, teal = teal; label=Ink]",
            Variable("x", "teal", ("red", "teal"), Kind.CHOICE, label="Ink"),
        ),
        ("[x: number]", Variable("x", kind=Kind.NUMBER)),
        (
            "[x: number 0 to 1 step 0.1 = 0.5]",
            Variable("x", "0.5", (), Kind.NUMBER, Limits(Decimal(0), Decimal(1), Decimal("0.1"))),
        ),
        ("[x: colour = Deep Teal]", Variable("x", "Deep Teal", kind=Kind.COLOUR)),
        ("[x: color of #F00, navy]", Variable("x", "#ff0000", ("#ff0000", "navy"), Kind.COLOUR)),
        (
            "[x: aspect of 1:1, 1920x1080 = 16/9]",
            Variable("x", "16:9", ("1:1", "16:9"), Kind.ASPECT),
        ),
        (
            r"[x: text = a\; b\, c; help=one\; two]",
            Variable("x", "a; b, c", help="one; two"),
        ),
    ],
)
def test_kinds(declared: str, expected: Variable):
    assert variable(declared) == expected
    assert variable(format_template(parse(declared))) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[x: number | word]", Variable("x", "number", ("number", "word"))),
        ("[x: colour; a | b]", Variable("x", "colour; a", ("colour; a", "b"))),
        ("[x=number 1 to 9]", Variable("x", "number 1 to 9")),
        ("[x=text; help=no]", Variable("x", "text; help=no")),
        ("[number]", Variable("number")),
        ("[x: 1 | 2]", Variable("x", "1", ("1", "2"))),
    ],
)
def test_templates_from_before_kinds_mean_what_they_meant(source: str, expected: Variable):
    assert variable(source) == expected
    assert format_template(parse(source)) == source
    assert set(public_variables(parse(source))[0]) == {"name", "default", "choices"}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("[x: fox]", "one_choice"),
        ("[x: colourful]", "one_choice"),
        ("[x: number 9 to 1]", "bad_range"),
        ("[x: number 1-9]", "bad_limits"),
        ("[x: number 1 to 9 step 0]", "bad_step"),
        ("[x: number 1 to 9 = 10]", "out_of_range"),
        ("[x: number = many]", "not_a_number"),
        ("[x: text up to 0]", "bad_length"),
        ("[x: text up to 3 = long]", "too_long"),
        ("[x: text short]", "bad_limits"),
        ("[x: choice]", "no_choices"),
        ("[x: choice red, teal]", "bad_limits"),
        ("[x: choice of red]", "one_choice"),
        ("[x: choice of red, RED]", "repeated_choice"),
        ("[x: choice of red, teal = gold]", "not_a_choice"),
        ("[x: colour = banana split]", "not_a_colour"),
        ("[x: colour = #12345]", "not_a_code"),
        ("[x: aspect = wide]", "not_an_aspect"),
        ("[x: aspect = 100:1]", "out_of_range"),
        ("[x: text; colour=red]", "unknown_attribute"),
        ("[x: text; help]", "unknown_attribute"),
        ("[x: text; label=" + "a" * 61 + "]", "bad_label"),
        ("[x: text; examples=1, 2, 3, 4, 5, 6, 7]", "too_many_examples"),
        ("[x: number; examples=one]", "not_a_number"),
        ("[x: number =]", "empty_default"),
        ("[x: number 1 to 9] [x: number 1 to 8]", "conflicting_declaration"),
    ],
)
def test_mistakes_say_how_to_mend_them(source: str, code: str):
    found, message = problem(source)
    assert found == code
    assert len(message) > 20


def test_a_mistake_has_its_place():
    with pytest.raises(TemplateError) as caught:
        parse("one\ntwo [x: number 9 to 1]")
    assert (caught.value.line, caught.value.column) == (2, 9)


@pytest.mark.parametrize(
    ("source", "value", "filled"),
    [
        ("[x: number]", "1,50", "1.5"),
        ("[x: number 1 to 99]", " 007 ", "7"),
        ("[x: number -5 to 5]", "-0", "0"),
        ("[x: number 0 to 1 step 0.25]", "0.75", "0.75"),
        ("[x: colour]", "#ABC", "#aabbcc"),
        ("[x: colour]", "Burnt Sienna", "Burnt Sienna"),
        ("[x: aspect]", "1920 × 1080", "16:9"),
        ("[x: aspect of 1:1, 3:2]", "6:4", "3:2"),
        ("[x: choice of a, b = b]", "", "b"),
        ("[x: text up to 4]", "fox", "fox"),
    ],
)
def test_values_take_one_spelling(source: str, value: str, filled: str):
    assert fill(parse(source), {"x": value}) == filled


@pytest.mark.parametrize(
    ("source", "value", "code", "words"),
    [
        ("[x: number 1 to 99]", "100", "out_of_range", "from 1 to 99"),
        ("[x: number 1 to 99]", "1.5", "too_fine", "whole number"),
        ("[x: number 1 to 99]", "a few", "not_a_number", "from 1 to 99"),
        ("[x: number 0 to 10 step 2]", "3", "not_a_step", "in steps of 2"),
        ("[x: number]", "1e400", "not_a_number", "such as 3"),
        ("[x: number]", "１", "not_a_number", "such as 3"),
        ("[x: colour]", "banana", "not_a_colour", "deep teal"),
        ("[x: colour]", "red, a hat and a long tail", "not_a_colour", "four words"),
        ("[x: aspect]", "0:1", "not_an_aspect", "16:9"),
        ("[x: aspect of 1:1, 3:2]", "16:9", "not_a_choice", "1:1, 3:2"),
        ("[x: text up to 4]", "foxes", "too_long", "at most 4"),
    ],
)
def test_refusals_say_how_to_mend_them(source: str, value: str, code: str, words: str):
    found, message = refusal(source, value)
    assert found == code
    assert words in message


def test_strangers_learn_kind_limits_and_help():
    assert public_variables(parse(AGE)) == [
        {
            "name": "age",
            "default": "30",
            "choices": [],
            "kind": "number",
            "limits": {"low": "1", "high": "99"},
            "label": "Age of the fox",
            "help": "In years",
            "examples": ["1", "30"],
        }
    ]


@pytest.mark.parametrize(
    "source",
    [
        "[x: number 1 to 99]",
        "[x: number 0 to 1 step 0.1]",
        "[x: number]",
        "[x: number; examples=4]",
        "[x: colour]",
        "[x: aspect]",
        "[x: number 0.5 to 2]",
        "[x: number 3 to 4]",
    ],
)
def test_typical_values_are_valid_and_several(source: str):
    template = parse(source)
    typical = typical_values(public_variables(template)[0])
    assert len(typical) >= (1 if "examples" in source else 2)
    for value in typical:
        assert fill(template, {"x": value}) == value
    assert example(template) == example_values(template)["x"]


def test_text_and_choices_have_no_typical_values():
    assert typical_values(public_variables(parse("[x]"))[0]) == []
    assert typical_values(public_variables(parse("[x: a | b]"))[0]) == []
    assert example(parse("[a long name: text up to 4]")) == "a lo"
