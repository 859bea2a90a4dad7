"""SQL of the generated columns of search documents: bands, facets' terms, and cells.

Spelled as PostgreSQL spells it back, so that a test can compare. The steps are those of bands.py.
"""

from __future__ import annotations

PRIOR_RATING, PRIOR_RATINGS = 3.5, 5
"""A listing's place under "best rated" as though five people had given it 3.5 already."""

PRICE_BAND = "width_bucket(price_cents, ARRAY[250::bigint, 300::bigint, 400::bigint])"
CONSISTENCY_BAND = "COALESCE(width_bucket(consistency::integer, ARRAY[0, 50, 75, 90]), 0)"
_STARS = ", ".join(f"{star}::double precision" for star in (0.0, 3.0, 4.0, 4.5))
RATING = "rating_sum::double precision / NULLIF(rating_count, 0)::double precision"
RATING_BAND = f"COALESCE(width_bucket({RATING}, ARRAY[{_STARS}]), 0)"
RATING_RANK = f"""CASE WHEN rating_count = 0 THEN 0::double precision
    ELSE ({PRIOR_RATING} * {PRIOR_RATINGS}::numeric + rating_sum::numeric)::double precision
         / ({PRIOR_RATINGS} + rating_count)::double precision END"""


def _term(facet: str, condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN '{facet}:{value}'::text ELSE NULL::text END"


_COLUMNS = {
    "family": "family",
    "model": "model_slug",
    "tier": "tier",
    "category": "category_slug",
    "licence": "licence",
}
_STAR_TERMS = ("3", "4", "4.5")
_TERMS = [
    *(f"'{facet}:'::text || {column}::text" for facet, column in _COLUMNS.items()),
    f"'price:'::text || {PRICE_BAND}",
    _term("variables", "has_variables", "yes"),
    *(_term("consistency", f"consistency >= {edge}", str(edge)) for edge in (50, 75, 90)),
    *(_term("rating", f"{RATING} >= {edge}::double precision", edge) for edge in _STAR_TERMS),
]
FACETS = f"array_remove(ARRAY[{', '.join(_TERMS)}], NULL::text)"


def cell_of(price_band: str, consistency_band: str, rating_band: str) -> str:
    """SQL for a number that two rows share when, and only when, all their facets are the same.

    Of 64 bits: among a hundred thousand combinations two would meet once in four billion shops.

    Args:
        price_band: SQL for it, as for the other bands: columns, or what a column is made from.
    """
    bands = (price_band, consistency_band, rating_band, "has_variables")
    parts = ", ".join(f"({part})::text" for part in (*_COLUMNS.values(), *bands))
    return f"hash_array_extended(ARRAY[{parts}], 0::bigint)"
