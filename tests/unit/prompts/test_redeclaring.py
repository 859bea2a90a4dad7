"""Variables declared by a form: what it says is what the declaration says."""

from __future__ import annotations

import pytest
from hypothesis import given

from marketplace.prompts import Template, parse
from marketplace.prompts.problems import DeclarationProblem
from marketplace.prompts.redeclaring import declared, parts_of, redeclared
from tests.unit.prompts.strategies import templates


@given(templates())
def test_a_form_shows_all_that_a_declaration_says(template: Template) -> None:
    for variable in template.variables:
        assert declared(variable.name, parts_of(variable)) == variable


@pytest.mark.parametrize(
    ("parts", "source"),
    [
        ({"kind": "choice", "choices": "red, teal"}, "a [x: red | teal]"),
        ({"kind": "number", "low": "1", "high": "9", "step": "2"}, "a [x: number 1 to 9 step 2]"),
        ({"kind": "colour", "help": "any; = nice"}, "a [x: colour; help=any\\; \\= nice]"),
        ({"kind": "text", "longest": "12", "default": "fox"}, "a [x: text up to 12 = fox]"),
        ({"kind": "nonsense", "label": "An | animal"}, "a [x: text; label=An / animal]"),
        ({}, "a [x]"),
    ],
)
def test_the_prompt_says_what_the_form_said(parts: dict[str, str], source: str) -> None:
    changed = redeclared(parse("a [x=old]"), declared("x", parts))
    assert changed == source
    assert parse(changed).variables[0] == declared("x", parts)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"kind": "number", "low": "1"}, "half_a_range"),
        ({"kind": "number", "low": "9", "high": "1"}, "bad_range"),
        ({"kind": "number", "low": "1; help=x", "high": "9"}, "bad_limits"),
        ({"kind": "choice", "choices": "one"}, "one_choice"),
        ({"kind": "choice"}, "no_choices"),
        ({"kind": "aspect", "default": "wide"}, "not_an_aspect"),
        ({"kind": "text", "longest": "many"}, "bad_limits"),
    ],
)
def test_what_is_wrong_is_told_by_its_code(parts: dict[str, str], code: str) -> None:
    with pytest.raises(DeclarationProblem) as refused:
        declared("x", parts)
    assert refused.value.code == code
