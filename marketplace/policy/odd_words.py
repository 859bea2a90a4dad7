"""Words that are known from one name alone: who writes Katniss means Katniss Everdeen."""

from __future__ import annotations

from functools import cache

from marketplace.policy.entities import CODE_OF
from marketplace.policy.known_words import is_anybody
from marketplace.policy.name_lists import listed_entries
from marketplace.policy.phrases import words_of

_KNOWN_BY_A_WORD = frozenset({"character", "artist"})
"""Not people: too many share a surname."""
_MIN_ODD = 5
"""Letters from which a word of a name may stand for it."""


@cache
def odd_words() -> dict[str, str]:
    """Words of listed names of several words that are nothing else, with the names’ codes."""
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    for entry, kind in listed_entries():
        if kind not in _KNOWN_BY_A_WORD:
            continue
        if entry.with_:
            doubtful.update(words_of(entry.name))
        for spelling in (entry.name, *entry.aliases):
            words = words_of(spelling)
            for word in words if len(words) > 1 else ():
                if len(word) >= _MIN_ODD and word not in found and not is_anybody(word):
                    found[word] = CODE_OF[kind]
    return {word: code for word, code in found.items() if word not in doubtful}
