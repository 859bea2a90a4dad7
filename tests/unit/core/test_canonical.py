"""One spelling per value, as RFC 8785 has it, without fractions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.canonical import MAX_INTEGER, CanonicalError, canonical, decimal

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_it_reads_back_and_has_one_spelling(value: object) -> None:
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data


def test_keys_are_sorted_by_utf16_code_unit_as_the_rfc_shows() -> None:
    # RFC 8785, section 3.2.3: the emoji's surrogates sort before U+FB33.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\xf6"]
    data = canonical(dict.fromkeys(keys, 0)).decode()
    assert list(json.loads(data)) == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_little_as_can_be() -> None:
    # RFC 8785, section 3.2.2.2.
    assert canonical('\u20ac$\x0f\nA\'B"\\\\"/').decode() == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), MAX_INTEGER + 1, "\ud800", {1: 2}, {"\ud800": 1}, b"x", {1, 2}]
)
def test_what_has_no_one_spelling_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical({"inside": [value]})


@pytest.mark.parametrize(
    ("number", "digits", "written"),
    [
        (4.0, 3, "4"),
        (0.125, 2, "0.12"),
        (100, 0, "100"),
        (1e-7, 3, "0"),
        (-0.0001, 2, "0"),
        (12.34, 1, "12.3"),
        (1e21, 1, "1000000000000000000000"),
    ],
)
def test_decimals_are_plain(number: float, digits: int, written: str) -> None:
    assert decimal(number, digits) == written
