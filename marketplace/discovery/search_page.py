"""A page of results in words: headings, filters with counts, chips, and why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import url_for

from marketplace.discovery.filters import SORT_NAMES, args_of, endpoint_of
from marketplace.listings.models import Category, TargetModel
from marketplace.listings.tiers import Tier
from marketplace.search.finding import Found
from marketplace.search.wanted import (
    CONSISTENCY_VALUES,
    PRICE_VALUES,
    RATING_VALUES,
    VARIABLES_VALUES,
    Facet,
    Sort,
    Wanted,
)

LEGENDS = {
    Facet.FAMILY: "Model family",
    Facet.MODEL: "Model",
    Facet.TIER: "Proof",
    Facet.CATEGORY: "Category",
    Facet.PRICE: "Price",
    Facet.CONSISTENCY: "Consistency",
    Facet.RATING: "Rating",
    Facet.VARIABLES: "Variables",
    Facet.LICENCE: "Model’s licence",
}
_PRICES = dict(
    zip(PRICE_VALUES, ("Under $2.50", "$2.50 to $2.99", "$3 to $3.99", "$4 and more"), strict=True)
)
SORT_NOTES = {
    Sort.TRENDING: "Trending counts recent sales: each is worth half as much after a week. Two "
    "places are kept for new, verified prompts.",
    Sort.CONSISTENT: "By the share of what a prompt asks for that our own pictures show.",
    Sort.RATED: "By stars, with few ratings drawn towards the middle.",
}


@dataclass(frozen=True)
class Option:
    """A value of a facet."""

    id: str
    """Of its input on the page."""
    value: str
    label: str
    number: str
    """How many listings it would show, as people write it."""
    chosen: bool


@dataclass(frozen=True)
class FacetView:
    """A facet as a group of options; ``single`` where one choice excludes the others."""

    name: str
    legend: str
    single: bool
    options: list[Option]


@dataclass(frozen=True)
class Link:
    """Words that lead somewhere; ``count`` listings are there, where that is known."""

    label: str
    url: str
    count: int | None = None


class Names:
    """What the values of every facet are called."""

    def __init__(self, models: Sequence[TargetModel], categories: Sequence[Category]) -> None:
        families = dict.fromkeys(model.family for model in models)
        licences = dict.fromkeys(model.licence for model in models)
        self._labels: dict[Facet, dict[str, str]] = {
            Facet.FAMILY: {family: family for family in families},
            Facet.MODEL: {model.slug: _model_name(model) for model in models},
            Facet.TIER: {tier.value: tier.label for tier in Tier if tier is not Tier.ARCHIVED},
            Facet.CATEGORY: {category.slug: category.name for category in categories},
            Facet.PRICE: _PRICES,
            Facet.CONSISTENCY: {value: f"{value} % and more" for value in CONSISTENCY_VALUES},
            Facet.RATING: {value: f"{value} stars and more" for value in RATING_VALUES},
            Facet.VARIABLES: dict.fromkeys(VARIABLES_VALUES, "Has variables"),
            Facet.LICENCE: {licence: licence for licence in licences},
        }

    @property
    def known(self) -> Mapping[Facet, Mapping[str, str]]:
        """Every value that each facet can have, with its name."""
        return self._labels

    def label(self, facet: Facet, value: str) -> str:
        """The value in words."""
        return self._labels[facet].get(value, value)

    def said(self, facet: Facet, values: Sequence[str]) -> str:
        """A choice in words: "Posters or Wall art"."""
        return " or ".join(self.label(facet, value) for value in values)


def _model_name(model: TargetModel) -> str:
    return model.name if model.version in model.name else f"{model.name} ({model.version})"


def address(wanted: Wanted) -> str:
    """The address of a search's page."""
    return url_for(endpoint_of(wanted), **args_of(wanted))  # type: ignore[arg-type]


def facets(wanted: Wanted, found: Found, names: Names) -> list[FacetView]:
    """Filters with their counts. Values that would show nothing are left out, unless chosen."""
    views = []
    for facet in Facet:
        chosen = wanted.chosen.get(facet, ())
        labels, counts = names.known[facet], found.counts.by_facet.get(facet, {})
        shown = [value for value in labels if counts.get(value) or value in chosen]
        options = [
            Option(
                f"{facet.value}-{number}",
                value,
                labels[value],
                f"{counts.get(value, 0):,}",
                value in chosen,
            )
            for number, value in enumerate(shown, start=1)
        ]
        if options:
            views.append(FacetView(facet.value, LEGENDS[facet], facet.is_at_least, options))
    return views


def chips(wanted: Wanted, names: Names) -> list[Link]:
    """Everything that narrows the list, each with the address without it."""
    found = []
    if wanted.q:
        found.append(Link(f"“{wanted.q}”", address(_loose(replace(wanted, q="", after=None)))))
    if wanted.look:
        found.append(Link("Your picture", address(_loose(replace(wanted, look="", after=None)))))
    for facet, values in wanted.chosen.items():
        for value in values:
            fewer = wanted.without(facet, value)
            found.append(Link(names.label(facet, value), address(fewer)))
    return found


def _loose(wanted: Wanted) -> Wanted:
    """With an order that still makes sense."""
    return wanted if wanted.sort in wanted.sorts else replace(wanted, sort=wanted.default_sort)


def heading(wanted: Wanted, names: Names) -> str:
    """What the page shows."""
    if wanted.look:
        return f"Like your picture, and “{wanted.q}”" if wanted.q else "Prompts like your picture"
    if wanted.q:
        return f"Results for “{wanted.q}”"
    if len(wanted.chosen) == 1:
        facet, values = next(iter(wanted.chosen.items()))
        if facet in (Facet.CATEGORY, Facet.MODEL, Facet.FAMILY):
            return names.said(facet, values)
    return "All prompts"


def total_text(found: Found) -> str:
    """How many there are, as it is shown and read out."""
    number = found.counts.total
    if found.at_least:
        return f"{number:,} and more prompts"
    return f"{number:,} prompt{'' if number == 1 else 's'}"


def reason_for_nothing(wanted: Wanted, found: Found, names: Names) -> str:
    """Why an empty list is empty, in a sentence that names the filter."""
    culprits = [facet for facet in wanted.chosen if found.counts.whole.get(facet)]
    if culprits:
        return "0 results because of " + " and ".join(
            f"{LEGENDS[facet].lower()}: {names.said(facet, wanted.chosen[facet])}"
            for facet in culprits[:1]
        )
    if wanted.chosen and (found.anything or not wanted.is_search):
        return "0 results because nothing has all of these together: " + ", ".join(
            names.said(facet, values) for facet, values in wanted.chosen.items()
        )
    if found.nothing_to_find:
        return "0 results because there is no word here that could be looked for"
    if wanted.q:
        return f"0 results because no prompt on sale is about “{wanted.q}”"
    return "0 results because none of our pictures is like yours"


def relaxations(wanted: Wanted, found: Found, names: Names) -> list[Link]:
    """Ways out of an empty list, each with what it would show."""
    ways = [
        Link(f"Without {names.said(facet, values)}", address(wanted.without(facet)), count)
        for facet, values in wanted.chosen.items()
        if (count := found.counts.whole.get(facet, 0))
    ]
    ways.sort(key=lambda way: -(way.count or 0))
    if wanted.is_search and wanted.chosen and found.anything:
        ways.append(Link("Without any filter", address(wanted.only_words()), found.anything))
    if wanted.is_search and wanted.chosen:
        ways.append(Link("The filters without the words", address(wanted.without_words())))
    return ways


def sort_options(wanted: Wanted) -> list[tuple[str, str, bool]]:
    """(value, name, whether it is the one) of every order on offer."""
    return [(sort.value, SORT_NAMES[sort], sort is wanted.sort) for sort in wanted.sorts]
