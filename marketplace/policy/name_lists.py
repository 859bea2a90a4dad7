"""The lists of names that belong to others: entry by entry, or by world and trade in groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from marketplace.policy.data_files import Strict, load
from marketplace.policy.findings import Severity

FILES = ("characters.json", "brands.json", "artists.json", "people.json")
GROUP_FILES = tuple(
    f"{lot}_{kind}.json"
    for lot in ("more", "further")
    for kind in ("characters", "brands", "artists", "people")
)
Kind = Literal["character", "brand", "studio", "artist", "person"]


class Entry(Strict):
    """One name of a list."""

    name: str = Field(min_length=2)
    of: str
    """Story, trade or field."""
    kind: Kind | None = None
    """Where it differs from the file's."""
    aliases: tuple[str, ...] = ()
    severity: Severity | None = None
    """Where it differs from the kind's."""
    with_: tuple[str, ...] = Field((), alias="with")
    """An everyday word: counts only with one of these words in the same text. Not the aliases."""
    cased: bool = False
    """Counts where each word has its capital, or in company (``with``): an everyday phrase, or one
    word that is a surname as well, which alone is never more than soft."""
    weighed: bool = True
    """Whether somebody weighed this one entry. Of the others, those made of plain words ("wings of
    fire") are only soft without capitals, and short ones are not looked for with a slip."""


class EntityList(Strict):
    """One file."""

    version: str
    about: str
    kind: Kind
    entries: tuple[Entry, ...]


class Group(Strict):
    """Many names of one world or trade that share their company."""

    of: str
    with_: tuple[str, ...] = Field((), alias="with")
    """Words beside which a cased or everyday name counts in full."""
    names: tuple[str, ...] = ()
    """Names wherever they stand."""
    cased: tuple[str, ...] = ()
    """As ``Entry.cased``."""
    everyday: tuple[str, ...] = ()
    """Count only in company."""

    def entries(self) -> Iterator[Entry]:
        """Its names as entries of a list."""
        for name in self.names:
            yield Entry.model_validate({"name": name, "of": self.of, "weighed": False})
        for name in self.cased:
            yield Entry.model_validate(
                {"name": name, "of": self.of, "with": self.with_, "cased": True}
            )
        for name in self.everyday:
            yield Entry.model_validate({"name": name, "of": self.of, "with": self.with_})


class GroupList(Strict):
    """One file of groups."""

    version: str
    about: str
    kind: Kind
    groups: tuple[Group, ...]


def listed_entries() -> Iterator[tuple[Entry, Kind]]:
    """Every entry of every list with its kind."""
    for name in FILES:
        listed = load(EntityList, name)
        for entry in listed.entries:
            yield entry, entry.kind or listed.kind
    for name in GROUP_FILES:
        grouped = load(GroupList, name)
        for group in grouped.groups:
            for entry in group.entries():
                yield entry, grouped.kind
