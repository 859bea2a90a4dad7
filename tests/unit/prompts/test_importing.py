"""Prompts written for other tools: what becomes a variable, what is explained, what is asked."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.prompts import TemplateError, Text, parse
from marketplace.prompts.importing import Imported, NoteKind, import_template


def codes(imported: Imported) -> list[tuple[str, str]]:
    return [(note.kind.value, note.code) for note in imported.notes]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a {subject} in {place}", "a [subject] in [place]"),
        ("a {{subject}}", "a [subject]"),
        ("a {{ subject | default('fox') }}", "a [subject=fox]"),
        ("a {subject=fox}", "a [subject=fox]"),
        ("a ${subject}", "a [subject]"),
        ("a ${subject:-fox}", "a [subject=fox]"),
        ("a <subject> by <ARTIST NAME>", "a [subject] by [ARTIST NAME]"),
        ("a {red|teal|deep gold} hat", "a [colour: red | teal | deep gold] hat"),
        ("a {tall|small} tower", "a [choice: tall | small] tower"),
        ("{big|small} {hot|cold}", "[choice: big | small] [choice 2: hot | cold]"),
        ("a {0.7::fox|owl}", "a [animal: fox | owl]"),
        ("a {fox|{red|grey} wolf}", "a [animal: fox | red wolf | grey wolf]"),
        ("{colour} and {red|teal}", "[colour] and [colour 2: red | teal]"),
        ("a __animal__ of __art/style-names__", "a [animal] of [art style names]"),
        ("${a=!{fox|owl}}the ${a} and ${a}", "the [a: fox | owl] and [a]"),
        ("${a=fox}the ${a}", "the [a=fox]"),
        ("a ${a=fox}", "a [a=fox]"),
    ],
)
def test_other_brackets_become_variables(text: str, source: str):
    imported = import_template(text)
    assert imported.source == source
    assert imported.changed
    assert imported.questions == ()
    assert all(note.kind is NoteKind.CONVERTED for note in imported.notes)
    parse(imported.source)


@pytest.mark.parametrize(
    "text",
    [
        "a [subject=fox] in [place]",
        "[sky: sunset | night] over [place]",
        "[age: number 1 to 9; help=In years]",
        r"\[literal\] and \\",
        "plain words, (soft) light: 3.5",
        "HANDMADE BREAKFAST, snake_case, a < b > c, 5 $ {",
        "",
    ],
)
def test_our_own_language_and_plain_text_pass_unchanged(text: str):
    assert import_template(text) == Imported(text, (), ())


@pytest.mark.parametrize(
    ("text", "code", "source"),
    [
        ("(soft light:1.2)", "weight", "(soft light:1.2)"),
        ("[fox:wolf:0.5]", "editing", r"\[fox:wolf:0.5\]"),
        ("[fox::0.5]", "editing", r"\[fox::0.5\]"),
        ("[fox|wolf]", "editing", r"\[fox|wolf\]"),
        ("<lora:papercut_v2:0.8>", "network", "<lora:papercut_v2:0.8>"),
        ("a BREAK b", "keyword", "a BREAK b"),
        ("[blurry, soft]", "less", r"\[blurry, soft\]"),
        ("{{{fox}}}", "more", "{{{fox}}}"),
        ("{red fox, snow}", "braces_unclear", "{red fox, snow}"),
        ("{2$$fox|owl|cat}", "variants_unclear", "{2$$fox|owl|cat}"),
        ("{fox|}", "variants_unclear", "{fox|}"),
        ("{__animal__|owl}", "variants_unclear", "{__animal__|owl}"),
    ],
)
def test_what_has_no_equal_is_explained_and_stays_text(text: str, code: str, source: str):
    imported = import_template(text)
    assert codes(imported) == [("explained", code)]
    assert imported.source == source
    (note,) = imported.notes
    assert text[note.start : note.end] == text.strip("a b")
    assert note.sentence.endswith(".")
    assert "{name}" not in note.sentence
    assert all(isinstance(node, Text) for node in parse(source).nodes)


def test_square_brackets_are_asked_about_only_where_something_points_to_a1111():
    text = "a [subject], (soft light:1.2)"
    asked = import_template(text)
    assert ("asked", "square_unclear") in codes(asked)
    (question,) = asked.questions
    assert asked.source == r"a \[subject\], (soft light:1.2)"

    as_variable = import_template(text, answers={question.id: "variable"})
    assert as_variable.source == text
    assert as_variable.questions == ()
    as_weight = import_template(text, answers={question.id: "weight"})
    assert as_weight.source == asked.source
    assert ("explained", "less") in codes(as_weight)


def test_the_tool_decides_where_it_is_known():
    assert import_template("a [soft] fox", tool="A1111").source == r"a \[soft\] fox"
    novel = import_template("{red} [soft] {{{fox}}}", tool="NovelAI")
    assert novel.source == r"{red} \[soft\] {{{fox}}}"
    assert {code for _, code in codes(novel)} == {"more", "less"}
    assert import_template("a [soft] fox", tool="Bracket").source == "a [soft] fox"


def test_a_word_that_may_be_an_embedding_is_asked_about():
    asked = import_template("a <cat-toy> and a <subject>")
    assert asked.source == "a <cat-toy> and a [subject]"
    (question,) = asked.questions
    assert "cat-toy" in question.sentence
    assert import_template("<cat-toy>", answers={question.id: "variable"}).source == "[cat-toy]"
    kept = import_template("<cat-toy>", answers={question.id: "embedding"})
    assert (kept.source, codes(kept)) == ("<cat-toy>", [("explained", "embedding")])


def test_places_are_those_of_the_text_that_was_imported():
    text = "one {two} three (four:1.3) {five|six}"
    places = [text[note.start : note.end] for note in import_template(text).notes]
    assert places == ["{two}", "(four:1.3)", "{five|six}"]


def test_a_text_too_long_to_be_a_prompt_is_left_alone():
    text = "{a}" * 6_000
    assert import_template(text) == Imported(text, (), ())


@pytest.mark.parametrize(
    "sign", ["[", "{", "(", "<", "${", "{a|", "[a:", "__a ", "((a:", "]}", "\\"]
)
def test_unclosed_brackets_cost_little_and_stay_text(sign: str):
    text = (sign * 4_000)[:16_000]
    imported = import_template(text)
    assert not imported.changed
    assert imported.source.replace("\\", "") == text.replace("\\", "")


SIGNS = [*"[]{}<>()|:=$_\\ ,.0159abBREAKND'\"\n", "lora:", "__", "{{", "::"]
FOREIGN = st.lists(st.sampled_from(SIGNS), max_size=60).map("".join)


@given(FOREIGN, st.sampled_from([None, "A1111", "NovelAI"]))
def test_any_text_can_be_imported_and_no_letter_is_lost(text: str, tool: str | None):
    imported = import_template(text, tool)
    for note in imported.notes:
        assert 0 <= note.start < note.end <= len(text)
    if not imported.changed:
        assert imported.source.replace("\\", "") == text.replace("\\", "")
    with suppress(TemplateError):  # a name may stand twice with two defaults: the seller is told
        parse(imported.source)
