"""Two tabs, one draft: changes of different inputs meet, changes of one are told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.listings.wizard.merging import merge

BASE = {"title": "Foxes", "tags": "fox"}


@pytest.mark.parametrize(
    ("now", "mine", "typed", "theirs"),
    [
        (BASE, {"title": "Owls"}, {"title": "Owls", "tags": "fox"}, {}),
        ({**BASE, "tags": "owl"}, {"title": "Owls"}, {"title": "Owls", "tags": "owl"}, {}),
        ({**BASE, "title": "Owls"}, {"title": "Foxes"}, {"title": "Owls", "tags": "fox"}, {}),
        ({**BASE, "title": "Owls"}, {"title": "Owls"}, {"title": "Owls", "tags": "fox"}, {}),
        (
            {**BASE, "title": "Owls"},
            {"title": "Bears", "tags": ""},
            {"title": "Owls", "tags": ""},
            {"title": "Owls"},
        ),
        (BASE, {"price": "2"}, {**BASE, "price": "2"}, {}),
    ],
    ids=["mine", "both, apart", "theirs", "the same", "both, one input", "a new input"],
)
def test_inputs_are_merged_one_by_one(
    now: dict[str, str], mine: dict[str, str], typed: dict[str, str], theirs: dict[str, str]
) -> None:
    merged = merge(BASE, now, mine)
    assert (merged.typed, merged.theirs) == (typed, theirs)


def test_without_a_memory_every_difference_is_one() -> None:
    merged = merge(None, {"title": "Owls"}, {"title": "Foxes", "tags": ""})
    assert merged.theirs == {"title": "Owls"}


_TYPED = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"]))


@given(base=_TYPED, now=_TYPED, mine=_TYPED)
def test_nothing_that_was_changed_is_dropped_silently(
    base: dict[str, str], now: dict[str, str], mine: dict[str, str]
) -> None:
    merged = merge(base, now, mine)
    for name in {*base, *now, *mine}:
        changed_here = name in mine and mine[name] != base.get(name, "")
        changed_there = now.get(name, "") != base.get(name, "")
        stands = merged.typed.get(name, "")
        if changed_here and name not in merged.theirs:
            assert stands == mine[name]
        if changed_there and not changed_here:
            assert stands == now.get(name, "")
        if name in merged.theirs:
            assert changed_here
            assert changed_there
