"""Facets as conditions of SQL, in the two forms that the two ways of reading need."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, and_, cast

from marketplace.search.bands import CONSISTENCY_EDGES, PRICE_EDGES, RATING_EDGES, band_of
from marketplace.search.models import SearchDocument
from marketplace.search.wanted import Facet

Chosen = Mapping[Facet, tuple[str, ...]]

COLUMNS = {
    Facet.FAMILY: "family",
    Facet.MODEL: "model_slug",
    Facet.TIER: "tier",
    Facet.CATEGORY: "category_slug",
    Facet.PRICE: "price_band",
    Facet.CONSISTENCY: "consistency_band",
    Facet.RATING: "rating_band",
    Facet.VARIABLES: "has_variables",
    Facet.LICENCE: "licence",
}
"""The column of documents, and of their counts, in which each facet is told."""


def value_of(facet: Facet, text: str) -> str | int | bool:
    """A facet's value as its column holds it; for "at least" the lowest band that will do."""
    if facet is Facet.CONSISTENCY:
        return band_of(int(text), CONSISTENCY_EDGES)
    if facet is Facet.RATING:
        return band_of(float(text), RATING_EDGES)
    if facet is Facet.PRICE:
        return int(text)
    return text == "yes" if facet is Facet.VARIABLES else text


def values_of(facet: Facet, texts: Collection[str]) -> set[Any]:
    """Chosen values as the facet's column holds them."""
    return {value_of(facet, text) for text in texts}


def fits(facet: Facet, value: Any, wanted: Collection[Any]) -> bool:
    """Whether a column's value is one of those, or at least that where the facet is so."""
    return bool(value >= min(wanted)) if facet.is_at_least else value in wanted


def on_columns(table: Any, chosen: Chosen) -> list[ColumnElement[bool]]:
    """For walking an index of an order: no index answers these by itself.

    Args:
        table: SearchDocument, or rows of it.
    """
    return [_matches(table, facet, values) for facet, values in chosen.items()]


def _matches(table: Any, facet: Facet, texts: Collection[str]) -> ColumnElement[bool]:
    column = getattr(table, COLUMNS[facet])
    wanted = sorted(values_of(facet, texts))
    if facet is Facet.PRICE:
        # In cents as well: a walk along the prices then begins and ends where the bands do.
        edges = (0, *PRICE_EDGES)
        bounds = [column.in_(wanted), table.price_cents >= edges[wanted[0]]]
        if wanted[-1] < len(PRICE_EDGES):
            bounds.append(table.price_cents < PRICE_EDGES[wanted[-1]])
        return and_(*bounds)
    found: ColumnElement[bool] = column >= wanted[0] if facet.is_at_least else column.in_(wanted)
    return found


def on_index(chosen: Chosen) -> list[ColumnElement[bool]]:
    """For the index of words and facets."""
    return [
        SearchDocument.__table__.c.facets.op("&&")(
            cast([f"{facet.value}:{value}" for value in values], ARRAY(Text))
        )
        for facet, values in chosen.items()
    ]
