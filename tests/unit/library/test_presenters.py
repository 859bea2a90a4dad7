"""Filled prompts as pieces, and a template as data for the browser."""

from __future__ import annotations

from marketplace.library.presenters import (
    client_template,
    filled_prompt,
    submitted_values,
)
from marketplace.prompts import fill, parse

TEMPLATE = parse(r"a \[tiny\] [subject] under a [sky: sunset | night] sky, [subject] in [ink=gold]")


def test_a_fresh_form_holds_the_defaults_and_complains_of_nothing() -> None:
    filled = filled_prompt(TEMPLATE, None)
    assert [(field.id, field.value, field.error) for field in filled.fields] == [
        ("value-0", "", None),
        ("value-1", "sunset", None),
        ("value-2", "gold", None),
    ]
    assert filled.text is None
    assert [piece.text for piece in filled.preview if piece.missing] == ["[subject]", "[subject]"]


def test_sent_values_give_the_text_and_pieces_that_join_to_it() -> None:
    form = {"value-0": " red fox ", "value-1": "NIGHT", "value-2": ""}
    filled = filled_prompt(TEMPLATE, submitted_values(TEMPLATE, form))
    assert filled.text == "a [tiny] red fox under a night sky, red fox in gold"
    assert [piece.slot for piece in filled.preview] == [None, 0, None, 1, None, 0, None, 2]
    assert not any(field.error for field in filled.fields)


def test_the_preview_joins_to_the_text_also_where_spelling_is_corrected() -> None:
    form = {"value-0": "red fox", "value-1": " NIGHT", "value-2": "cafe\u0301"}
    filled = filled_prompt(TEMPLATE, submitted_values(TEMPLATE, form))
    assert filled.text == "a [tiny] red fox under a night sky, red fox in caf\u00e9"
    assert filled.text == fill(TEMPLATE, submitted_values(TEMPLATE, form))
    assert "".join(piece.text for piece in filled.preview) == filled.text


def test_mistakes_stand_beside_their_field_and_nothing_typed_is_lost() -> None:
    form = {"value-0": "a [fox]", "value-1": "noon", "value-2": "silver"}
    filled = filled_prompt(TEMPLATE, submitted_values(TEMPLATE, form))
    subject, sky, ink = filled.fields
    assert (subject.value, sky.value, ink.value) == ("a [fox]", "noon", "silver")
    assert subject.error is not None
    assert "brackets" in subject.error.lower()
    assert sky.error == "Choose one of: sunset, night."
    assert ink.error is None
    assert filled.text is None


def test_the_browser_gets_nodes_and_variables_by_number() -> None:
    data = client_template(TEMPLATE)
    assert data["nodes"][:3] == [{"text": "a [tiny] "}, {"slot": 0}, {"text": " under a "}]
    assert data["variables"][1] == {
        "name": "sky",
        "default": "sunset",
        "choices": ["sunset", "night"],
        "field": "value-1",
    }


def test_no_piece_shows_its_text_in_a_traceback() -> None:
    filled = filled_prompt(TEMPLATE, None)
    assert "under" not in repr(filled)
