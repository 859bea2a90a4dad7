"""What a visitor asked to see, read from the address and written back into it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

MAX_QUERY_CHARACTERS = 100


class Sort(StrEnum):
    """Orders of the browse page."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    PRICE_LOW = "price_low"
    PRICE_HIGH = "price_high"


SORT_NAMES = {
    Sort.RELEVANCE: "Best match",
    Sort.NEWEST: "Newest",
    Sort.PRICE_LOW: "Price, low to high",
    Sort.PRICE_HIGH: "Price, high to low",
}


@dataclass(frozen=True)
class BrowseFilter:
    """The filters in force; an empty string means "any"."""

    q: str = ""
    model: str = ""
    category: str = ""
    sort: Sort = Sort.NEWEST

    @property
    def default_sort(self) -> Sort:
        """Best match when there are words to match, else the newest first."""
        return Sort.RELEVANCE if self.q else Sort.NEWEST

    @property
    def sorts(self) -> list[Sort]:
        """The orders on offer: best match needs words."""
        return [sort for sort in Sort if self.q or sort is not Sort.RELEVANCE]

    @property
    def active(self) -> bool:
        """True when anything narrows the list."""
        return bool(self.parts)

    def without(self, name: str) -> BrowseFilter:
        """The same filter with one part taken away."""
        return self._keep({part for part in self.parts if part != name})

    def _keep(self, names: set[str]) -> BrowseFilter:
        """Only the named parts; an order that no longer makes sense becomes the default."""
        kept = BrowseFilter(
            q=self.q if "q" in names else "",
            model=self.model if "model" in names else "",
            category=self.category if "category" in names else "",
            sort=self.sort,
        )
        return kept if self.sort in kept.sorts else replace(kept, sort=Sort.NEWEST)

    @property
    def parts(self) -> dict[str, str]:
        """The parts that narrow the list, by name."""
        every = {"q": self.q, "model": self.model, "category": self.category}
        return {name: value for name, value in every.items() if value}

    def relaxed(self) -> list[list[BrowseFilter]]:
        """Looser filters to offer when nothing is found: one part fewer, then one part alone."""
        if len(self.parts) < 2:
            return []
        alone = [self._keep({name}) for name in self.parts]
        return [[self.without(name) for name in self.parts], alone]

    def args(self) -> dict[str, str]:
        """The parts of the address that say it; whatever is the default is left out."""
        if self.sort is self.default_sort:
            return self.parts
        return {**self.parts, "sort": self.sort.value}


def read_filter(
    args: Mapping[str, str], models: Collection[str], categories: Collection[str]
) -> BrowseFilter:
    """The filter that an address's arguments ask for; what cannot be understood is ignored."""
    model, category = args.get("model", ""), args.get("category", "")
    plain = BrowseFilter(
        q=clean_query(args.get("q", "")),
        model=model if model in models else "",
        category=category if category in categories else "",
    )
    wanted = args.get("sort", "")
    known = wanted in [sort.value for sort in plain.sorts]
    return replace(plain, sort=Sort(wanted) if known else plain.default_sort)


def clean_query(text: str) -> str:
    """Search words without control characters (PostgreSQL refuses NUL), at most 100 characters."""
    visible = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs") else char for char in text[:1000]
    )
    return re.sub(r"\s+", " ", visible).strip()[:MAX_QUERY_CHARACTERS].rstrip()
