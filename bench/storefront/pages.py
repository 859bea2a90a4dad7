"""Addresses of each kind of page, drawn from what is for sale, and what such pages cost."""

from __future__ import annotations

import gzip
import re
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import event, select, text

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.search.models import SearchCount

PAGES = ("home", "browse", "search", "listing", "suggestions")
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js)[^"]*)"')
_TYPED = 3
"""Letters typed of a word when suggestions are asked for."""
QUERIES = (
    "lighthouse", "watercolour fox", "calm lake at dawn", "red panda", "paper-cut forest",
    "cosy cabin in the snow", "something for a birthday card", "eerie castle", "gold and teal",
    "stained glass owl", "wedding", "melancholy harbour", "low poly mountains", "tram at night",
    "coffee cup", "art deco skyline", "a quiet place to think", "dragon", "linocut moth",
    "neon alley", "tea house in autumn", "lonely astronaut", "pastel desert", "mosaic koi",
    "origami crane", "lightouse", "watercolor", "stormy sea", "bees and lavender", "ukiyo-e wave",
)  # fmt: skip
"""Words as people type them: plain ones, moods, mistyped ones, sentences."""
_THINGS = (
    "fox", "owl", "castle", "harbour", "forest", "mountain", "robot", "whale", "garden", "bicycle",
    "teapot", "raven", "bridge", "desert", "rabbit", "piano",
)  # fmt: skip
_MANNERS = (
    "watercolour", "paper-cut", "neon", "pastel", "linocut", "low poly", "stained glass", "felt",
    "minimalist", "melancholy", "gold", "in the snow", "at night", "poster",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one page asks of the database, and what it sends."""

    queries: int
    """At most, over the addresses tried."""
    bytes: int
    """HTML as it is sent uncompressed, on average."""


def addresses(services: Services, seed: int = 1, many: int = 200) -> dict[str, list[str]]:
    """Addresses by kind of page; the same for the same catalogue."""
    random = Random(seed)
    with unit_of_work(services.database) as session:
        rows = session.execute(
            text("SELECT slug || '-' || id FROM listings ORDER BY md5(id) LIMIT 1000")
        )
        paths = [row[0] for row in rows]
        facets = {
            "model": list(session.scalars(select(SearchCount.model_slug).distinct())),
            "category": list(session.scalars(select(SearchCount.category_slug).distinct())),
        }
    facets |= {"tier": ["exact", "perceptual"], "price": ["0", "1", "2"], "consistency": ["90"]}
    sorts = ("trending", "newest", "consistent", "price_low", "price_high")
    browse = ["/browse"]
    for _ in range(many // 2):
        chosen = random.sample(sorted(facets), random.randint(1, 3))
        wanted = [(name, random.choice(facets[name])) for name in chosen]
        browse.append(f"/browse?{urlencode([*wanted, ('sort', random.choice(sorts))])}")
    # Three times as many again, of a thing and a manner: nobody knows what will be asked for next.
    pairs = [f"{manner} {thing}" for thing in _THINGS for manner in _MANNERS]
    queries = [*QUERIES, *random.sample(pairs, 90)]
    words = sorted({word for query in QUERIES for word in query.split() if len(word) > _TYPED})
    return {
        "home": ["/"],
        "browse": browse,
        "search": [f"/search?{urlencode({'q': query})}" for query in queries],
        "listing": [f"/p/{path}" for path in random.sample(paths, min(many, len(paths)))],
        "suggestions": [
            f"/search/suggestions.json?{urlencode({'q': word[:_TYPED]})}" for word in words
        ],
    }


def cost_of(app: Flask, services: Services, paths: Sequence[str], most: int = 25) -> Cost:
    """Ask for some of the paths in this process, counting."""
    client, queries, sent = app.test_client(), [], []
    for path in paths[:most]:
        with counted(services) as statements:
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        queries.append(len(statements))
        sent.append(len(answer.get_data()))
    return Cost(max(queries), round(sum(sent) / len(sent)))


@contextmanager
def counted(services: Services) -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    engine = services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def home_bytes(site: str) -> int:
    """Bytes of the home page with its style sheets and scripts, as a browser gets them."""
    page = _sent(site, "/")
    assets = set(_ASSET.findall(gzip.decompress(page).decode()))
    return len(page) + sum(len(_sent(site, asset)) for asset in assets)


def _sent(site: str, path: str) -> bytes:
    """The body as it travels, compressed where the site compresses."""
    asked = urllib.request.Request(site + path, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return bytes(answer.read())
