"""What somebody looks for: words or a picture, facets, an order, where to go on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Facet(StrEnum):
    """Properties by which a list can be narrowed; the value is its name in addresses."""

    FAMILY = "family"
    MODEL = "model"
    TIER = "tier"
    CATEGORY = "category"
    PRICE = "price"
    CONSISTENCY = "consistency"
    RATING = "rating"
    VARIABLES = "variables"
    LICENCE = "licence"

    @property
    def is_at_least(self) -> bool:
        """True where a value means "this or better", so that choosing two makes no sense."""
        return self in (Facet.CONSISTENCY, Facet.RATING)


PRICE_VALUES = ("0", "1", "2", "3")
CONSISTENCY_VALUES = ("90", "75", "50")
RATING_VALUES = ("4.5", "4", "3")
VARIABLES_VALUES = ("yes",)


class Sort(StrEnum):
    """Orders of a list."""

    RELEVANCE = "relevance"
    TRENDING = "trending"
    NEWEST = "newest"
    CONSISTENT = "consistent"
    RATED = "rated"
    PRICE_LOW = "price_low"
    PRICE_HIGH = "price_high"


@dataclass(frozen=True)
class Cursor:
    """The last row of a page in its order: the next page begins behind it."""

    keys: tuple[float | str, ...]
    listing_id: str


@dataclass(frozen=True)
class Wanted:
    """One search. ``chosen`` holds only facets with at least one value, in the order of Facet."""

    q: str = ""
    look: str = ""
    """A picture's signature (looks.Signature.text); empty without a picture."""
    chosen: Mapping[Facet, tuple[str, ...]] = field(default_factory=dict)
    sort: Sort = Sort.TRENDING
    after: Cursor | None = None

    @property
    def default_sort(self) -> Sort:
        """Best match where there is something to match, else what is trending."""
        return Sort.RELEVANCE if self.is_search else Sort.TRENDING

    @property
    def is_search(self) -> bool:
        """True when words or a picture are looked for."""
        return bool(self.q or self.look)

    @property
    def sorts(self) -> list[Sort]:
        """The orders on offer: best match needs something to match."""
        return [sort for sort in Sort if self.is_search or sort is not Sort.RELEVANCE]

    @property
    def active(self) -> bool:
        """True when anything narrows the list."""
        return self.is_search or bool(self.chosen)

    def without(self, facet: Facet, value: str | None = None) -> Wanted:
        """The same search with one facet, or one of its values, taken away; from the start."""
        kept = dict(self.chosen)
        values = kept.pop(facet, ())
        if value is not None:
            values = tuple(one for one in values if one != value)
            if values:
                kept[facet] = values
        return replace(self, chosen=in_order(kept), after=None)

    def without_words(self) -> Wanted:
        """The facets alone; an order that no longer makes sense becomes the default."""
        bare = replace(self, q="", look="", after=None)
        return bare if bare.sort in bare.sorts else replace(bare, sort=bare.default_sort)

    def only_words(self) -> Wanted:
        """The words or the picture, without any facet."""
        return replace(self, chosen={}, after=None)

    def from_the_start(self) -> Wanted:
        """The first page of the same search."""
        return replace(self, after=None)

    def behind(self, cursor: Cursor) -> Wanted:
        """The page after that row."""
        return replace(self, after=cursor)


def in_order(chosen: Mapping[Facet, Iterable[str]]) -> dict[Facet, tuple[str, ...]]:
    """Facets in their order, without empty ones: equal choices become equal values."""
    return {facet: tuple(chosen[facet]) for facet in Facet if chosen.get(facet)}
