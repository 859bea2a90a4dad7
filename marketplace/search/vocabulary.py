"""The words that documents hold, kept for spelling and for completing what somebody types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from marketplace.search.models import SearchWord
from marketplace.search.spelling import forms

COUNTED_UP_TO = 200
"""Beyond so many documents a word is common: counting on would only make writers wait."""
_BATCH = 5_000
_COUNT_ON = text("""
    UPDATE search_words SET documents = search_words.documents + seen.documents
    FROM unnest(CAST(:words AS text[]), CAST(:counts AS integer[])) AS seen(word, documents)
    WHERE search_words.word = seen.word AND search_words.documents < :limit
""")

Seen = tuple[str, str, int]
"""A word, its stem, and the number of documents that hold it."""


def learn(session: Session, seen: Iterable[Seen]) -> None:
    """Add the words of new or changed documents; what is common already is left alone."""
    words = {word: (stem, documents) for word, stem, documents in seen}
    known = set(session.scalars(select(SearchWord.word).where(SearchWord.word.in_(list(words)))))
    if known:
        session.execute(
            _COUNT_ON,
            {
                "words": sorted(known),
                "counts": [words[word][1] for word in sorted(known)],
                "limit": COUNTED_UP_TO,
            },
        )
    _insert(session, {word: words[word] for word in words.keys() - known})


@dataclass
class Tally:
    """Words of a whole catalogue, counted batch by batch."""

    documents: Counter[str] = field(default_factory=Counter)
    stems: dict[str, str] = field(default_factory=dict)

    def add(self, seen: Iterable[Seen]) -> None:
        """Count another batch of documents."""
        for word, stem, documents in seen:
            self.documents[word] += documents
            self.stems[word] = stem

    def store(self, session: Session) -> int:
        """Replace the stored words by these; returns how many there are."""
        session.execute(delete(SearchWord))
        _insert(session, {word: (self.stems[word], n) for word, n in self.documents.items()})
        return len(self.documents)


def _insert(session: Session, words: Mapping[str, tuple[str, int]]) -> None:
    rows = [
        {"word": word, "stem": stem, "documents": documents, "deletes": forms(word)}
        for word, (stem, documents) in sorted(words.items())
    ]
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(SearchWord), rows[start : start + _BATCH])
