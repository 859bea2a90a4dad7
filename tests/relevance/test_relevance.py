"""The judged queries hold together, and words alone find what they should (no model needed).

How good search is as a whole is measured by `make bench-search`.
"""

from __future__ import annotations

from collections import Counter
from statistics import mean

import pytest

from bench.search.__main__ import systems
from bench.search.judged import catalogue, ndcg, queries
from bench.search.shop import fill
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.search import indexing

GROUPS = {"words", "typo", "paraphrase", "mood", "colour", "use", "style", "operator"}


def test_there_is_enough_to_judge_by_and_all_of_it_exists() -> None:
    texts, judged = catalogue(), queries()
    keys = {text.key for text in texts}
    assert len(texts) >= 200
    assert len(judged) >= 120
    assert {one.group for one in judged} == GROUPS
    assert Counter(one.query for one in judged).most_common(1)[0][1] == 1
    for one in judged:
        assert one.grades.keys() <= keys, one.query
        assert one.grades, one.query
        assert set(one.grades.values()) <= {1, 2, 3}, one.query


@pytest.mark.parametrize(
    ("ranking", "value"),
    [(["a", "b", "c"], 1.0), (["b", "a"], 0.7098), (["x", "a"], 0.5788), (["x"], 0.0), ([], 0.0)],
)
def test_ndcg(ranking: list[str], value: float) -> None:
    assert ndcg(ranking, {"a": 3, "b": 1}) == pytest.approx(value, abs=1e-4)
    assert ndcg(["a"] + ["x"] * 9 + ["b"], {"a": 3, "b": 1}) < 1.0  # the eleventh does not count


def test_words_synonyms_and_corrections_find_without_any_model(services: Services) -> None:
    shop = fill(services, catalogue())
    indexing.rebuild(services, lambda *_: None)
    scores: dict[str, list[float]] = {}
    with unit_of_work(services.database) as session:
        helped = systems(shop, None)["helped"]
        for one in queries():
            if one.group in ("words", "typo", "style", "operator"):
                found = [shop.keys[listing_id] for listing_id in helped(session, one.query)]
                scores.setdefault(one.group, []).append(ndcg(found, one.grades))
    assert {group: mean(values) > 0.8 for group, values in scores.items()} == dict.fromkeys(
        scores, True
    )
