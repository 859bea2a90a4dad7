"""Filters out of an address and back into it."""

from __future__ import annotations

import pytest

from marketplace.discovery.filters import BrowseFilter, Sort, clean_query, read_filter

MODELS, CATEGORIES = ["house-full"], ["posters", "wallpapers"]


def read(**args: str) -> BrowseFilter:
    return read_filter(args, MODELS, CATEGORIES)


def test_an_empty_address_means_everything_newest_first() -> None:
    assert read() == BrowseFilter()
    assert read().args() == {}
    assert not read().active


def test_words_are_sorted_by_best_match_unless_told_otherwise() -> None:
    assert read(q="fox").sort is Sort.RELEVANCE
    assert read(q="fox", sort="newest").args() == {"q": "fox", "sort": "newest"}


@pytest.mark.parametrize("sort", ["relevance", "cheapest", "", "NEWEST"])
def test_an_order_that_makes_no_sense_is_ignored(sort: str) -> None:
    assert read(sort=sort).sort is Sort.NEWEST


def test_unknown_models_and_categories_are_ignored() -> None:
    assert read(model="other", category="../etc") == BrowseFilter()


def test_reading_what_was_written_gives_the_same_filter() -> None:
    wanted = BrowseFilter("red fox", "house-full", "posters", Sort.PRICE_HIGH)
    assert read(**wanted.args()) == wanted


def test_taking_the_words_away_takes_their_order_away() -> None:
    wanted = read(q="fox", category="posters")
    assert wanted.without("q") == BrowseFilter(category="posters", sort=Sort.NEWEST)
    assert wanted.without("category") == read(q="fox")


def test_looser_filters_drop_one_part_and_then_keep_one() -> None:
    wanted = read(q="fox", model="house-full", category="posters")
    fewer, alone = wanted.relaxed()
    assert [option.parts for option in fewer] == [
        {"model": "house-full", "category": "posters"},
        {"q": "fox", "category": "posters"},
        {"q": "fox", "model": "house-full"},
    ]
    assert [option.parts for option in alone] == [
        {"q": "fox"},
        {"model": "house-full"},
        {"category": "posters"},
    ]
    assert read(q="fox").relaxed() == []


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
