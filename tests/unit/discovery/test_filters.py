"""Searches out of an address and back into it."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from marketplace.core.ids import new_id
from marketplace.discovery.filters import args_of, clean_query, endpoint_of, read_wanted
from marketplace.search.wanted import Cursor, Facet, Sort, Wanted

KNOWN: dict[Facet, list[str]] = {facet: [] for facet in Facet} | {
    Facet.MODEL: ["house-full", "house-fast"],
    Facet.CATEGORY: ["posters", "wallpapers"],
    Facet.CONSISTENCY: ["90", "75"],
}


def read(**args: Any) -> Wanted:
    return read_wanted(MultiDict(args), KNOWN)


def test_an_empty_address_means_everything_by_demand() -> None:
    assert read() == Wanted()
    assert args_of(read()) == {}
    assert not read().active


def test_words_are_sorted_by_best_match_unless_told_otherwise() -> None:
    assert read(q="fox").sort is Sort.RELEVANCE
    assert args_of(read(q="fox", sort="newest")) == {"q": "fox", "sort": "newest"}
    assert (endpoint_of(read(q="fox")), endpoint_of(read())) == (
        "discovery.search",
        "discovery.browse",
    )


@pytest.mark.parametrize("sort", ["relevance", "cheapest", "", "NEWEST"])
def test_an_order_that_makes_no_sense_is_ignored(sort: str) -> None:
    assert read(sort=sort).sort is Sort.TRENDING


@pytest.mark.parametrize(
    "args",
    [
        {"model": "other", "category": "../etc", "tier": "exact"},
        {"look": "a b"},
        {"look": "x" * 5000},
        {"after": "1.0~nonsense"},
        {"after": "nan~0123456789abc"},
        {"after": "1.0"},
        {"sort": "newest2"},
    ],
)
def test_what_cannot_be_understood_is_ignored(args: dict[str, str]) -> None:
    assert read(**args) == Wanted()


def test_reading_what_was_written_gives_the_same_search() -> None:
    wanted = Wanted(
        q="red fox",
        chosen={Facet.MODEL: ("house-fast", "house-full"), Facet.CONSISTENCY: ("75",)},
        sort=Sort.PRICE_HIGH,
        after=Cursor((299.0, -3.25), new_id()),
    )
    assert read(**args_of(wanted)) == wanted


def test_of_values_that_mean_at_least_one_is_enough() -> None:
    assert read(consistency=["75", "90"]).chosen == {Facet.CONSISTENCY: ("75",)}


def test_taking_things_away_leaves_the_rest_and_begins_anew() -> None:
    wanted = read(q="fox", category=["posters", "wallpapers"], after=f"1.5~{new_id()}")
    assert wanted.after is not None
    assert wanted.without(Facet.CATEGORY, "posters") == read(q="fox", category="wallpapers")
    assert wanted.without(Facet.CATEGORY) == read(q="fox") == wanted.only_words()
    assert wanted.without_words() == read(category=["posters", "wallpapers"])


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("  red \t fox\n", "red fox"),
        ("fox\x00den", "fox den"),
        ("\ud800fox", "fox"),
        ("x" * 5000, "x" * 100),
    ],
)
def test_search_words_are_cleaned(typed: str, searched: str) -> None:
    assert clean_query(typed) == searched
