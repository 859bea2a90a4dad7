"""The judged queries and the catalogue they were judged on, read from tests/relevance."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "relevance"
DEMO = ROOT / "demo" / "content" / "sellers"
DEPTH = 10


@dataclass(frozen=True)
class Text:
    """The public text of one listing."""

    key: str
    title: str
    category: str
    model: str
    tags: tuple[str, ...]
    description: str


@dataclass(frozen=True)
class Judged:
    """A query with the listings that answer it: 3 exactly, 2 well, 1 somewhat."""

    group: str
    query: str
    grades: Mapping[str, int]

    @property
    def held_out(self) -> bool:
        """True for the half on which nothing is chosen: by the query's digest, so for good."""
        return bool(hashlib.sha256(self.query.encode()).digest()[0] % 2)


def catalogue() -> list[Text]:
    """The demo's listings, then those written for judging.

    Raises ValueError for a listing that is there twice, or without a description.
    """
    texts = [*_demo(), *_written()]
    keys = [text.key for text in texts]
    if len(set(keys)) != len(keys):
        raise ValueError(f"twice: {sorted({key for key in keys if keys.count(key) > 1})}")
    return texts


def queries() -> list[Judged]:
    """Every judged query.

    Raises ValueError for a line that is not `group | query | key:grade …`.
    """
    found = []
    for line in (FOLDER / "queries.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        group, query, judged = (part.strip() for part in line.split(" | "))
        pairs = [pair.rpartition(":") for pair in judged.split()]
        found.append(Judged(group, query, {key: int(grade) for key, _, grade in pairs}))
    return found


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain, from 0 to 1 (Järvelin and Kekäläinen, 2002).

    Gains are 2^grade - 1, discounts log2(1 + place); what was not judged gains nothing.
    """
    ideal = _gain(sorted(grades.values(), reverse=True)[:depth])
    return _gain([grades.get(key, 0) for key in ranking[:depth]]) / ideal if ideal else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(1 + place) for place, grade in enumerate(grades, start=1))


def _demo() -> Iterator[Text]:
    for path in sorted(DEMO.glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["listing"]:
            yield Text(
                key=entry["key"],
                title=entry["title"],
                category=entry["category"],
                model=entry["model"],
                tags=tuple(entry["tags"]),
                description=entry["description"].strip(),
            )


def _written() -> Iterator[Text]:
    for path in sorted(FOLDER.glob("catalogue_*.txt")):
        blocks = [block.strip() for block in path.read_text().split("\n\n")]
        for block in blocks:
            if block.startswith("#"):
                continue
            head, _, description = block.partition("\n")
            key, title, category, model, tags = (part.strip() for part in head.split(" | "))
            if not description:
                raise ValueError(f"{key} has no description")
            yield Text(key, title, category, model, tuple(tags.split(", ")), description)
