"""Queries taken apart."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.search.words import MAX_TERMS, Term, fold, parse, tokens


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("red fox", [("red",), ("fox",)], []),
        ("Café -Noir", [("cafe",)], [("noir",)]),
        ("paper-cut fox", [("paper", "cut"), ("fox",)], []),
        ("sd1.5 style", [("sd1", "5"), ("style",)], []),
        ('-"hot air" moon', [("moon",)], [("hot", "air")]),
        ("- -- ' ( :* & |", [], []),
        ("don’t", [("don't",)], []),
        ("", [], []),
    ],
)
def test_words_compounds_and_what_is_not_wanted(
    typed: str, wanted: list[tuple[str, ...]], unwanted: list[tuple[str, ...]]
) -> None:
    query = parse(typed)
    assert [term.words for term in query.wanted] == wanted
    assert [term.words for term in query.unwanted] == unwanted


def test_quoted_words_are_exact_even_when_the_quote_is_never_closed() -> None:
    assert parse('"Red Fox" den').wanted == (Term(("red", "fox"), exact=True), Term(("den",)))
    assert parse('den "red fox').wanted == (Term(("den",)), Term(("red", "fox"), exact=True))
    assert parse('"red fox" den').loose_words == ("den",)


def test_nobody_can_type_a_query_without_end() -> None:
    assert len(parse("a1 " * 500).wanted) == MAX_TERMS


def test_the_database_folds_as_we_do(session: Session) -> None:
    for sample in ("Crème BRÛLÉE", "paper‑cut/fold", "Ærø’s İstanbul", "1.5: a_b–c", "ﬁne Å"):
        folded = session.scalar(select(text("search_fold(:sample)")).params(sample=sample))
        assert folded == fold(sample)
        assert tokens(sample) == tokens(folded or "")
