"""What a word with a capital may be without being somebody’s name: words, places, given names."""

from __future__ import annotations

from functools import cache

from marketplace.policy.data_files import FOLDER, Strict, load
from marketplace.policy.phrases import words_of

_ENDINGS = ("s", "es", "ed", "ing", "ly", "er", "ers", "d", "r", "rs")


class GivenNames(Strict):
    """The file of given names."""

    version: str
    about: str
    sure: frozenset[str]
    doubtful: frozenset[str]
    """Words or places as well."""


class LongDead(Strict):
    """The file of those who are free to name."""

    version: str
    about: str
    names: tuple[str, ...]


@cache
def given_names() -> GivenNames:
    """Given names as they are in the file."""
    return load(GivenNames, "given_names.json")


@cache
def _known_words() -> frozenset[str]:
    lines = (FOLDER / "known_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


@cache
def _free_to_name() -> frozenset[tuple[str, ...]]:
    return frozenset(words_of(name) for name in load(LongDead, "long_dead.json").names)


def is_known(word: str) -> bool:
    """Whether a folded word is one of English, or a place’s and the like; endings may follow."""
    words = _known_words()
    if word in words or len(word) < 3:
        return True
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return any(stem in words or f"{stem}e" in words for stem in stems)


def is_anybody(word: str) -> bool:
    """Whether a folded word is one of English, a common given name, or no word of letters."""
    return is_known(word) or word in given_names().sure or not word.isalpha()


def is_free_to_name(words: tuple[str, ...]) -> bool:
    """Whether these words begin or end with the name of somebody long dead, or of an old tale."""
    names = _free_to_name()
    return any(
        words[:length] in names or words[-length:] in names for length in range(1, len(words) + 1)
    ) and (len(words) == 1 or not _is_other_bearer(words))


def _is_other_bearer(words: tuple[str, ...]) -> bool:
    """Whether a single dead person’s surname stands behind another given name: Kehinde Turner."""
    names = _free_to_name()
    whole = any(
        words[i:j] in names for i in range(len(words)) for j in range(i + 2, len(words) + 1)
    )
    return not whole and words[0] in given_names().sure and words[:1] not in names
