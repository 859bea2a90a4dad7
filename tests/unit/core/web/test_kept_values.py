"""Kept values: given only while nothing has changed since before they were made."""

from __future__ import annotations

import pytest

from marketplace.core.web.kept_values import MAX_AGE, KeptValues


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def values(clock: Clock) -> KeptValues:
    made = KeptValues(2, clock)
    made.open()
    return made


def test_what_was_put_is_given_until_something_changes(values: KeptValues) -> None:
    values.put("a", 1, values.change)
    assert values.get("a") == 1
    values.forget()
    assert values.get("a") is None
    assert values.is_open


def test_what_was_read_before_a_change_is_not_kept(values: KeptValues) -> None:
    before = values.change
    values.forget()
    values.put("a", "outdated", before)
    assert values.get("a") is None


def test_nothing_is_kept_while_news_may_be_missed(clock: Clock) -> None:
    values = KeptValues(2, clock)
    values.put("a", 1, values.change)
    assert values.get("a") is None
    values.open()
    values.put("a", 1, values.change)
    values.close()
    values.put("b", 1, values.change)
    values.open()
    assert (values.get("a"), values.get("b")) == (None, None)


def test_values_grow_old(values: KeptValues, clock: Clock) -> None:
    values.put("a", 1, values.change)
    clock.now = MAX_AGE
    assert values.get("a") == 1
    clock.now = MAX_AGE + 0.1
    assert values.get("a") is None


def test_the_longest_unused_go_first(values: KeptValues) -> None:
    for key in ("a", "b"):
        values.put(key, key, values.change)
    assert values.get("a") == "a"
    values.put("c", "c", values.change)
    assert [values.get(key) for key in ("a", "b", "c")] == ["a", None, "c"]
