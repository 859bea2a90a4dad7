"""How well search finds: nDCG@10 over the judged queries, for hybrid search and for each part.

    python -m bench.search [--pool] [--choose] [--group mood]

`text` is PostgreSQL's full text alone, every word of the query required; `helped` adds our
synonyms, corrections and partial matches; `vector` is meaning alone; `hybrid` is what the site
does. Figures are given for each group of queries and for the half that no weight was chosen on.
``--choose`` tries weights on the other half; ``--pool`` prints what the systems find and nobody
has judged. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from statistics import mean

from sqlalchemy.orm import Session

from bench.search.choosing import choose
from bench.search.judged import DEPTH, Judged, Text, catalogue, ndcg, queries
from bench.search.shop import Shop, open_shop
from marketplace.core.unit_of_work import unit_of_work
from marketplace.search import indexing, matching
from marketplace.search.by_query import MOST, candidates
from marketplace.search.finding import find
from marketplace.search.synonyms import Choice
from marketplace.search.wanted import Sort, Wanted
from marketplace.search.words import parse
from marketplace.sentences.encoder import Encoder, encoder_of

System = Callable[[Session, str], list[str]]
WHATEVER_THE_DISTANCE = 2.0
"""Cosine distances end there: meaning alone is not held back by a limit that serves the hybrid."""


def systems(shop: Shop, encoder: Encoder | None) -> dict[str, System]:
    """Each takes a query and gives listing ids, the best first."""
    settings = shop.parts.settings
    language = settings.search_language

    def text(session: Session, query: str) -> list[str]:
        parsed = parse(query)
        words = matching.Words(
            language,
            [Choice((term.words,), term.exact) for term in parsed.wanted],
            [term.words for term in parsed.unwanted],
        )
        rows = [] if not words.wanted else matching.by_words(session, words.every, words, {}, MOST)
        return [row.listing_id for row in sorted(rows, key=lambda row: (-row.rank, row.listing_id))]

    def helped(session: Session, query: str) -> list[str]:
        found = candidates(session, language, None, Wanted(q=query, sort=Sort.RELEVANCE))
        return list(found.scores())

    def vector(session: Session, query: str) -> list[str]:
        assert encoder is not None
        nothing = matching.Words(language, [])
        rows = matching.by_meaning(session, encoder, query, nothing, {}, WHATEVER_THE_DISTANCE)
        return [row.listing_id for row in rows]

    def hybrid(session: Session, query: str) -> list[str]:
        found = find(session, settings, Wanted(q=query, sort=Sort.RELEVANCE))
        return [hit.listing_id for hit in found.hits]

    every: dict[str, System] = {"text": text, "helped": helped, "hybrid": hybrid}
    return every | ({"vector": vector} if encoder else {})


def measure(
    shop: Shop, judged: list[Judged], encoder: Encoder | None
) -> tuple[dict[str, dict[str, float]], dict[str, set[str]]]:
    """nDCG by query and system, and what was found by query."""
    scores: dict[str, dict[str, float]] = {}
    pools: dict[str, set[str]] = {}
    for one in judged:
        with unit_of_work(shop.parts.database) as session:
            found = {
                name: [shop.keys[listing_id] for listing_id in system(session, one.query)]
                for name, system in systems(shop, encoder).items()
            }
        scores[one.query] = {name: ndcg(keys, one.grades) for name, keys in found.items()}
        pools[one.query] = {key for keys in found.values() for key in keys[:DEPTH]}
    return scores, pools


def show_pool(judged: list[Judged], pools: Mapping[str, set[str]], texts: list[Text]) -> None:
    """What nobody has judged: add it to queries.txt where it answers the query."""
    by_key = {text.key: text for text in texts}
    for one in judged:
        print(f"{one.group} | {one.query} | {' '.join(f'{k}:{g}' for k, g in one.grades.items())}")
        for key in sorted(pools[one.query] - set(one.grades)):
            print(f"    {key}: {by_key[key].title} [{', '.join(by_key[key].tags)}]")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pool", action="store_true", help="print what was not judged")
    options.add_argument("--choose", action="store_true", help="try weights on one half")
    options.add_argument("--group", help="only the queries of one group")
    chosen = options.parse_args()
    texts = catalogue()
    judged = [one for one in queries() if chosen.group in (None, one.group)]
    with open_shop(texts) as shop:
        indexing.rebuild(shop.parts, lambda *_: None)
        encoder = encoder_of(shop.parts.settings)
        scores, pools = measure(shop, judged, encoder)
        if chosen.choose and encoder is not None:
            choose(shop, judged, encoder)
        shop.parts.database.dispose()
    if chosen.pool:
        show_pool(judged, pools, texts)
    print_table(judged, scores)
    names = sorted(next(iter(scores.values())))
    whole = {f"ndcg_{name}": round(mean(row[name] for row in scores.values()), 4) for name in names}
    print(json.dumps({"queries": len(judged), "listings": len(texts), **whole}))


def print_table(judged: list[Judged], scores: Mapping[str, Mapping[str, float]]) -> None:
    """Means by group, by half, and over all, for every system."""
    groups: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for one in judged:
        row = scores[one.query]
        half = "held out" if one.held_out else "chosen on"
        for name in (one.group, f"({half})", "(all)"):
            groups[name].append(row)
    names = sorted(next(iter(scores.values())))
    print(f"{'group':<12} {'queries':>7} " + " ".join(f"{name:>8}" for name in names))
    for group, rows in sorted(groups.items(), key=lambda item: (item[0][0] == "(", item[0])):
        cells = " ".join(f"{mean(row[name] for row in rows):8.3f}" for name in names)
        print(f"{group:<12} {len(rows):>7} {cells}")


if __name__ == "__main__":
    main()
