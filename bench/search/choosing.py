"""Which weights the hybrid should have: a grid over one half of the judged queries.

The other half is looked at once, with the weights that won, to see what they are worth on queries
that had no part in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from statistics import mean

from bench.search.judged import Judged, ndcg
from bench.search.shop import Shop
from marketplace.core.unit_of_work import unit_of_work
from marketplace.search.by_query import CHOSEN, Weights, candidates
from marketplace.search.fusion import fuse
from marketplace.search.wanted import Sort, Wanted
from marketplace.sentences.encoder import Encoder

MEANING = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
PARTIAL = (0.2, 0.4, 0.6, 0.8, 1.0)
FARTHEST = (0.64, 0.68, 0.72, 0.76, 0.8)
K = (5.0, 10.0, 20.0, 40.0, 60.0)

Rankings = list[Sequence[str]]
"""Of every word, of meaning, of some of the words: keys, the best first."""


def choose(shop: Shop, judged: Sequence[Judged], encoder: Encoder) -> None:
    """Print what every distance is worth with its best weights, and the winner on both halves."""
    found = {
        far: {one.query: _rankings(shop, one, encoder, far) for one in judged} for far in FARTHEST
    }
    ours = [one for one in judged if not one.held_out]
    others = [one for one in judged if one.held_out]

    def worth(weights: Weights, half: Sequence[Judged]) -> float:
        rankings = found[weights.farthest]
        return mean(ndcg(_fused(weights, rankings[one.query]), one.grades) for one in half)

    scored = [(worth(weights, ours), weights) for weights in _grid()]
    for far in FARTHEST:
        score, best = max(
            ((score, weights) for score, weights in scored if weights.farthest == far),
            key=lambda pair: pair[0],
        )
        print(f"within {far:.2f}: {score:.4f} with {best}")
    score, best = max(scored, key=lambda pair: pair[0])
    near = sum(other >= score - 0.005 for other, _ in scored)
    print(f"best of {len(scored)} on {len(ours)} queries: {best}, {score:.4f}")
    print(f"as good within 0.005: {near}")
    for name, weights in (("the best", best), ("what the site uses", CHOSEN)):
        print(
            f"{name}: {worth(weights, ours):.4f} on the queries to choose by, "
            f"{worth(weights, others):.4f} on the {len(others)} held out"
        )


def _grid() -> Iterator[Weights]:
    # Only proportions count, so the first weight stays 1.
    for meaning, partial, farthest, k in product(MEANING, PARTIAL, FARTHEST, K):
        yield Weights(full=1.0, meaning=meaning, partial=partial, farthest=farthest, k=k)


def _rankings(shop: Shop, one: Judged, encoder: Encoder, farthest: float) -> Rankings:
    language = shop.parts.settings.search_language
    wanted = Wanted(q=one.query, sort=Sort.RELEVANCE)
    with unit_of_work(shop.parts.database) as session:
        weights = replace(CHOSEN, farthest=farthest)
        found = candidates(session, language, encoder, wanted, weights)
    return [[shop.keys[listing_id] for listing_id in ids] for _, ids in found.rankings]


def _fused(weights: Weights, rankings: Rankings) -> list[str]:
    order = (weights.full, weights.meaning, weights.partial)
    return [key for key, _ in fuse(list(zip(order, rankings, strict=False)), weights.k)]
