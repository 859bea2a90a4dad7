"""Random templates and values for the property-based tests."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

from hypothesis import strategies as st

from marketplace.prompts import Kind, Limits, Slot, Template, Text, Variable, variable_key

# Words that occur in no variable name, choice or JSON key, so a leak cannot hide.
SECRET_WORDS = st.text("QWXZqwxz", min_size=3, max_size=14)

_NAME_CHARS = "ab Éß7-_界"
_REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Everything the grammar gives a meaning to, more often than chance would.
_TEXT_CHARS = st.one_of(
    st.sampled_from("[]\\\\\\|:= \n\t.,"),
    st.characters(
        exclude_categories=("Cc", "Cs"),
        exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    ),
)
_VALUE_CHARS = st.one_of(
    st.sampled_from("\\=:;,' "),
    st.characters(
        categories=("L", "N", "P", "So"), exclude_characters="[]|", include_characters=" "
    ),
)


def _clean(value: str) -> str:
    return unicodedata.normalize("NFC", value.strip())


names = (
    st.text(_NAME_CHARS, min_size=1, max_size=12)
    .map(lambda name: " ".join(unicodedata.normalize("NFC", name).split()))
    .filter(lambda name: any(char.isalnum() for char in name))
)
values = st.text(_VALUE_CHARS, min_size=1, max_size=30).map(_clean).filter(bool)
texts = st.text(_TEXT_CHARS, min_size=1, max_size=40).map(Text)


@st.composite
def variables(draw: st.DrawFn) -> Variable:
    name = draw(names)
    shape = draw(st.sampled_from(["bare", "default", "choices", "long", "special"]))
    if shape == "bare":
        return Variable(name)
    if shape == "default":
        return Variable(name, default=draw(values))
    if shape == "special":
        return draw(special_variables(name))
    choices = draw(st.lists(values, min_size=2, max_size=4, unique_by=variable_key))
    if shape == "choices":
        return Variable(name, default=choices[0], choices=tuple(choices))
    return Variable(
        name,
        default=draw(st.sampled_from(choices)),
        choices=tuple(choices),
        label=draw(values | st.just("")),
        help=draw(values | st.just("")),
        examples=tuple(draw(st.lists(st.sampled_from(choices), max_size=2, unique=True))),
    )


SPECIAL = {
    Kind.TEXT: (Limits(longest=30), ["fox", "a; b", "a = b, c"]),
    Kind.NUMBER: (Limits(Decimal("-2"), Decimal("7.5"), Decimal("0.5")), ["-2", "0", "3.5"]),
    Kind.COLOUR: (Limits(), ["teal", "deep blue", "#1e90ff"]),
    Kind.ASPECT: (Limits(), ["1:1", "16:9", "2:3"]),
}


@st.composite
def special_variables(draw: st.DrawFn, name: str) -> Variable:
    kind = draw(st.sampled_from(list(SPECIAL)))
    limits, good = SPECIAL[kind]
    return Variable(
        name,
        default=draw(st.none() | st.sampled_from(good)),
        kind=kind,
        limits=limits,
        label=draw(values | st.just("")),
        help=draw(values | st.just("")),
        examples=tuple(draw(st.lists(st.sampled_from(good), max_size=3, unique=True))),
    )


@st.composite
def templates(draw: st.DrawFn, text: st.SearchStrategy[Text] = texts) -> Template:
    """Valid templates, built as data and not by parsing."""
    declared = draw(st.lists(variables(), max_size=5, unique_by=lambda variable: variable.key))
    slots = [Slot(variable.name) for variable in declared]
    nodes: list[Text | Slot] = []
    for slot in [*slots, *(draw(st.lists(st.sampled_from(slots), max_size=4)) if slots else [])]:
        if draw(st.booleans()):
            nodes.append(draw(text))
        nodes.append(slot)
    if not nodes or draw(st.booleans()):
        nodes.append(draw(text.filter(lambda node: bool(node.value.strip()))))
    return Template(tuple(nodes), tuple(declared))


def valid_values(variable: Variable) -> st.SearchStrategy[str]:
    """Values that the variable accepts, in the spelling that is filled in."""
    if not variable.choices and variable.kind in SPECIAL and variable.limits != Limits():
        return st.sampled_from(SPECIAL[variable.kind][1])
    if variable.kind in (Kind.COLOUR, Kind.ASPECT):
        return st.sampled_from(SPECIAL[variable.kind][1])
    return st.sampled_from(variable.choices) if variable.choices else values
