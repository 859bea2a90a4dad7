"""Parsing: what is accepted, what is refused and where, and that format is its inverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.prompts import (
    Slot,
    Template,
    TemplateError,
    Text,
    Variable,
    format_template,
    parse,
)
from tests.unit.prompts.strategies import templates


def problems_of(source: str) -> list[tuple[str, int, int]]:
    with pytest.raises(TemplateError) as caught:
        parse(source)
    assert all(problem.message for problem in caught.value.problems)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


def test_the_three_kinds_of_variable():
    template = parse("paper-cut [subject=fox] under a [sky: sunset | night | noon] sky by [whom]")

    assert template == Template(
        nodes=(
            Text("paper-cut "),
            Slot("subject"),
            Text(" under a "),
            Slot("sky"),
            Text(" sky by "),
            Slot("whom"),
        ),
        variables=(
            Variable("subject", default="fox"),
            Variable("sky", default="sunset", choices=("sunset", "night", "noon")),
            Variable("whom"),
        ),
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\[x\]", "[x]"),
        (r"a\\b", "a\\b"),
        (r"\(word:1.2\)", r"\(word:1.2\)"),
        ("ends in \\", "ends in \\"),
        (r"\\\[", "\\["),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
    ],
)
def test_escapes_and_line_ends(source: str, text: str):
    assert parse(source).nodes == (Text(text),)


def test_one_variable_in_several_spellings_and_places():
    template = parse("[Big  Cat] and [big cat=lion] and [ BIG CAT ]")

    assert template.variables == (Variable("Big Cat", default="lion"),)
    assert [node for node in template.nodes if isinstance(node, Slot)] == [Slot("Big Cat")] * 3
    assert format_template(template) == "[Big Cat=lion] and [Big Cat] and [Big Cat]"


def test_the_same_declaration_twice_is_no_conflict():
    assert parse("[a=x] [A = x]").variables == (Variable("a", default="x"),)


@pytest.mark.parametrize(
    ("source", "default"),
    [
        ("[ratio=16:9]", "16:9"),
        ("[a=b=c]", "b=c"),
        ("[a= spaced  out ]", "spaced  out"),
        ("[a=back\\slash]", "back\\slash"),
    ],
)
def test_defaults_keep_their_signs(source: str, default: str):
    assert parse(source).variables[0].default == default


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", [("empty", 1, 1)]),
        (" \n ", [("empty", 1, 1)]),
        ("a [b", [("open_bracket", 1, 3)]),
        ("a [b\nc] d", [("open_bracket", 1, 3)]),
        ("a [b [c]", [("open_bracket", 1, 3)]),
        ("a ] b", [("stray_bracket", 1, 3)]),
        ("a\n [] b", [("empty_name", 2, 2)]),
        ("[ ]", [("empty_name", 1, 1)]),
        ("[a.b]", [("bad_name", 1, 1)]),
        ("[--]", [("bad_name", 1, 1)]),
        ("[" + "n" * 41 + "]", [("name_too_long", 1, 1)]),
        ("[a=]", [("empty_default", 1, 4)]),
        ("[a=b|c]", [("choices_need_colon", 1, 4)]),
        ("[a: b || c]", [("empty_choice", 1, 8)]),
        ("[a: b | c | B]", [("repeated_choice", 1, 13)]),
        ("[a: b]", [("one_choice", 1, 4)]),
        (r"[a=\[b\]]", [("brackets", 1, 4)]),
        ("[a=" + "x" * 121 + "]", [("too_long", 1, 4)]),
        ("[a: b\t1 | c]", [("control_characters", 1, 5)]),
        ("fine\nnot\x00fine", [("control_character", 2, 4)]),
        ("bidi \u202e here", [("control_character", 1, 6)]),
        ("half \ud800 pair", [("control_character", 1, 6)]),
        ("[a=x] [A=y]", [("conflicting_declaration", 1, 7)]),
        ("[a=x] [a: x | y]", [("conflicting_declaration", 1, 7)]),
        ("x" * 4001, [("too_long", 1, 4001)]),
    ],
)
def test_mistakes_are_told_with_their_place(source: str, expected: list[tuple[str, int, int]]):
    assert problems_of(source) == expected


def test_all_mistakes_are_told_at_once_in_reading_order():
    assert problems_of("a ] [b:c]\r\n[d.e] [f=1] [f=2]\r\n[g") == [
        ("stray_bracket", 1, 3),
        ("one_choice", 1, 8),
        ("bad_name", 2, 1),
        ("conflicting_declaration", 2, 13),
        ("open_bracket", 3, 1),
    ]


def test_the_list_of_mistakes_is_bounded():
    assert len(problems_of("]" * 4000)) == 20


def test_twelve_variables_are_accepted_and_the_thirteenth_is_pointed_at():
    twelve = " ".join(f"[v{number}]" for number in range(12))
    assert len(parse(f"{twelve} [v0] [V3]").variables) == 12
    assert problems_of(f"{twelve}\n[v0] [extra] [more]") == [("too_many_variables", 2, 6)]


def test_limits_are_inclusive():
    assert parse("x" * 4000).nodes == (Text("x" * 4000),)
    assert parse("[" + "n" * 40 + "]").variables[0].name == "n" * 40
    assert parse("[a=" + "x" * 120 + "]").variables[0].default == "x" * 120
    assert len(parse("x\r\n" * 2000).nodes) == 1  # CRLF counts as one character


def test_no_error_and_no_repr_quotes_the_text():
    template = parse("SECRET [a=HIDDEN] words")
    assert "SECRET" not in repr(template)
    assert "HIDDEN" not in repr(template)
    for source in ("SECRET [SECRET", "[SECRET!]", "[a: SECRET]", "[a=SECRET|SECRET]", "SECRET ]"):
        with pytest.raises(TemplateError) as caught:
            parse(source)
        assert "SECRET" not in f"{caught.value} {caught.value!r} {caught.value.problems}"


@given(templates())
def test_parse_is_the_inverse_of_format(template: Template):
    assert parse(format_template(template)) == template


@given(st.text(st.sampled_from("[]\\|:=aB 1\n\r\x00é-"), max_size=60))
def test_any_text_parses_or_is_refused_and_what_parses_is_stable(source: str):
    try:
        template = parse(source)
    except TemplateError as error:
        lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for problem in error.problems:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        return
    assert parse(format_template(template)) == template
