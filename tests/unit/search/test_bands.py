"""Steps in Python and in the database are the same."""

from __future__ import annotations

from marketplace.search.bands import CONSISTENCY_EDGES, PRICE_EDGES, RATING_EDGES, band_of
from marketplace.search.wanted import CONSISTENCY_VALUES, PRICE_VALUES, RATING_VALUES


def test_each_band_holds_its_lower_edge_and_nothing_is_band_nought() -> None:
    assert [band_of(cents, PRICE_EDGES) for cents in (199, 249, 250, 299, 300, 400)] == [
        *(0, 0, 1, 1, 2, 3),
    ]
    assert [band_of(share, CONSISTENCY_EDGES) for share in (None, 0, 49, 50, 90)] == [0, 1, 1, 2, 4]
    assert band_of(None, RATING_EDGES) == 0


def test_every_value_on_offer_is_an_edge() -> None:
    assert len(PRICE_VALUES) == len(PRICE_EDGES) + 1
    assert {int(value) for value in CONSISTENCY_VALUES} <= set(CONSISTENCY_EDGES)
    assert {float(value) for value in RATING_VALUES} <= set(RATING_EDGES)
