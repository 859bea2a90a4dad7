"""Two tabs, one draft: what each changed, merged input by input. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Merge:
    """What stands afterwards, and what the other tab wrote where both changed the same input."""

    typed: dict[str, str] = field(repr=False)
    theirs: dict[str, str] = field(repr=False)

    @property
    def is_clean(self) -> bool:
        """True when no input was changed by both."""
        return not self.theirs


def merge(base: Mapping[str, str] | None, now: Mapping[str, str], mine: Mapping[str, str]) -> Merge:
    """Put what one page sent over what stands now.

    Args:
        base: what stood when the page was made; None when nobody remembers, and then every
            difference counts as a change of both.
        now: what stands.
        mine: the page's inputs, changed or not.
    """
    typed, theirs = dict(now), {}
    for name, text in mine.items():
        standing = now.get(name, "")
        if text == standing:
            continue
        before = None if base is None else base.get(name, "")
        if before == text:
            continue  # this page left it as it was; another one has changed it since
        if before == standing:
            typed[name] = text
        else:
            theirs[name] = standing
    return Merge(typed, theirs)
