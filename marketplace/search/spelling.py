"""What was meant by a mistyped word: the nearest words that some document holds.

Candidates by symmetric deletion (Garbe, "SymSpell", 2012): two words within two edits share a form
that one reaches by leaving out letters. The forms are indexed, so a look-up touches only a few
words however large the vocabulary is; the distance then decides. PostgreSQL's trigrams would need
an extension that small installations do not have, and find more that is further away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from sqlalchemy import ARRAY, Text, cast, select, text
from sqlalchemy.orm import Session

from marketplace.search.models import SearchWord

MIN_LETTERS = 4
"""Shorter words are too like one another to be corrected."""
TWO_EDITS_FROM = 7
"""Letters a word must have before two of its edits are forgiven."""
PREFIX = 8
"""Only so many letters of a word are indexed: forms grow with the square of the length."""
SUGGESTIONS = 2
MAX_WORD = 30

KNOWN = text("""
    SELECT typed.word, lexemes.list[1] IS NULL AS empty,
           EXISTS (SELECT 1 FROM search_words w WHERE w.word = typed.word)
           OR EXISTS (SELECT 1 FROM search_words w WHERE w.stem = lexemes.list[1]) AS known
    FROM unnest(CAST(:words AS text[])) AS typed(word)
    CROSS JOIN LATERAL (
        SELECT tsvector_to_array(to_tsvector(CAST(:language AS regconfig), typed.word)) AS list
    ) AS lexemes
""")

# The planner takes a comparison of two lists of forms for as cheap as one of two numbers, and reads
# vocabularies of a few hundred words from end to end: thirty times the work.
_BY_INDEX = text("SELECT set_config('enable_seqscan', 'off', true)")
_AS_USUAL = text("SELECT set_config('enable_seqscan', 'on', true)")


def edits_allowed(word: str) -> int:
    """How many edits a word of that length may have."""
    if len(word) < MIN_LETTERS or not word.isalpha():
        return 0
    return 2 if len(word) >= TWO_EDITS_FROM else 1


def forms(word: str) -> list[str]:
    """The word's beginning with up to as many letters left out as may be wrong, sorted.

    For "cabin": abin, cabi, cabin, cabn, cain, cbin.
    """
    start = word[:PREFIX]
    found = {start}
    for count in range(1, edits_allowed(word) + 1):
        for gone in combinations(range(len(start)), count):
            found.add("".join(letter for at, letter in enumerate(start) if at not in gone))
    return sorted(found)


def distance(a: str, b: str, limit: int) -> int:
    """Edits from one word to the other: letters added, left out, changed, or two swapped.

    The optimal string alignment distance; ``limit + 1`` stands for anything beyond the limit.
    """
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        above, row = row, [i, *([0] * len(b))]
        for j, other in enumerate(b, start=1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                row[j] = min(row[j], before[j - 2] + 1)
        before = above
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def nearest(word: str, candidates: Mapping[str, int]) -> list[str]:
    """The candidates (with their numbers of documents) that may have been meant, likeliest first.

    Nearest first; among equals a word that begins alike, then the one that more documents hold.
    """
    limit = edits_allowed(word)
    found = []
    for other, documents in candidates.items():
        edits = distance(word, other, limit)
        if edits <= limit:
            found.append((edits, other[0] != word[0], -documents, other))
    best = sorted(found)[:SUGGESTIONS]
    # A second guess is worth its noise only where it is as near as the first.
    return [other for edits, *_, other in best if edits == best[0][0]]


def look_up(
    session: Session, words: Iterable[str], language: str, trusted: Iterable[str] = ()
) -> tuple[dict[str, list[str]], set[str]]:
    """Corrections of the words that no document holds, and the words that say nothing ("the").

    One query, and three more only when something looks mistyped.

    Args:
        trusted: words that are right whatever the documents hold (synonyms, say).
    """
    unique = list(dict.fromkeys(word for word in words if len(word) <= MAX_WORD))
    if not unique:
        return {}, set()
    rows = session.execute(KNOWN, {"words": unique, "language": language}).all()
    right = set(trusted)
    odd = [row.word for row in rows if not (row.known or row.empty or row.word in right)]
    wrong = [word for word in odd if edits_allowed(word)]
    empty = {row.word for row in rows if row.empty}
    if not wrong:
        return {}, empty
    wanted = sorted({form for word in wrong for form in forms(word)})
    query = select(SearchWord.word, SearchWord.documents).where(
        SearchWord.deletes.op("&&")(cast(wanted, ARRAY(Text)))
    )
    session.execute(_BY_INDEX)
    candidates = {row.word: row.documents for row in session.execute(query)}
    session.execute(_AS_USUAL)
    found = {word: nearest(word, candidates) for word in wrong}
    return {word: guesses for word, guesses in found.items() if guesses}, empty
