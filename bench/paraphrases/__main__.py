"""Written pairs of prompts, and the demo's own ones, compared by meaning and by words.

`pairs.json` holds pairs that mean the same in other words and pairs that are only of one kind; none
was changed after its likeness was seen. Each prompt is held against its 20 nearest, as a worker
does. The last line is one JSON object.
"""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from marketplace.policy.prints import alike
from marketplace.screening.clones import CLONE
from marketplace.screening.paraphrases import CANDIDATES, LEAD, SAME, embedded, standing_out
from marketplace.search.meaning import MeaningOfWords
from marketplace.sentences.encoder import Encoder, packaged

PAIRS = Path(__file__).with_name("pairs.json")
SELLERS = Path(__file__).parents[2] / "demo" / "content" / "sellers"
THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


@dataclass(frozen=True)
class Sold:
    """A prompt of the demo with the words that stand on its page."""

    seller: str
    words: str
    prompt: str


def main() -> None:
    """Read the pairs, compare, print."""
    source = packaged()
    if source is None:
        raise SystemExit("the package with the sentence encoder is missing: run `make install`")
    meaning = MeaningOfWords(Encoder(source))
    pairs = json.loads(PAIRS.read_text(encoding="utf-8"))["pairs"]
    same = [(one["first"], one["second"]) for one in pairs if one["same"]]
    kind = [(one["first"], one["second"]) for one in pairs if not one["same"]]
    firsts = dict.fromkeys(first for first, _ in same)
    sold = list(demo())
    lists = {
        "the same in other words": likenesses(meaning, same),
        "of one kind": likenesses(meaning, kind),
        "unlike": likenesses(meaning, itertools.combinations(firsts, 2)),
        "demo, two sellers": likenesses(meaning, two_sellers(sold)),
    }
    print(f"{'likeness from':24}" + "".join(f"{value:>8.2f}" for value in THRESHOLDS))
    for name, values in lists.items():
        shares = "".join(f"{share(values, value):8.3f}" for value in THRESHOLDS)
        print(f"{name:24}{shares}  of {len(values)}")
    by_words = sum(alike(first, second) >= CLONE for first, second in same) / len(same)
    print(f"by words alone, {by_words:.3f} of those that mean the same are found")
    print(f"named: a likeness of {SAME} or more, {LEAD} above the median of the nearest")
    figures = {
        "pairs": len(pairs),
        "found": named(meaning, same, pairs),
        "found_by_words": round(by_words, 4),
        "of_one_kind_named": named(meaning, kind, pairs),
        "demo_listings_named": round(
            sum(is_named(meaning, one, sold) for one in sold) / len(sold), 4
        ),
    }
    print(json.dumps(figures))


def likenesses(meaning: MeaningOfWords, pairs: Iterable[tuple[str, str]]) -> list[float]:
    """Cosine of each pair."""
    listed = list(pairs)
    vectors = {text: embedded(meaning, text) for pair in listed for text in pair}
    return [float(vectors[first] @ vectors[second]) for first, second in listed]


def share(values: list[float], threshold: float) -> float:
    """Of the values, those at or above the threshold."""
    return round(sum(value >= threshold for value in values) / len(values), 4)


def named(
    meaning: MeaningOfWords, asked: list[tuple[str, str]], pairs: list[dict[str, str]]
) -> float:
    """Share of the pairs whose first prompt, held against the nearest of all others, names the
    second."""
    texts = list(dict.fromkeys(one[side] for one in pairs for side in ("first", "second")))
    vectors = {text: embedded(meaning, text) for text in texts}
    found = 0
    for first, second in asked:
        near = sorted(
            ((float(vectors[first] @ vectors[text]), text) for text in texts if text != first),
            reverse=True,
        )[:CANDIDATES]
        out = standing_out([value for value, _ in near])
        found += second in {near[at][1] for at in out}
    return round(found / len(asked), 4)


def is_named(meaning: MeaningOfWords, one: Sold, sold: list[Sold]) -> bool:
    """Whether a demo prompt would be called a paraphrase of another seller's."""
    words = meaning.vector(one.words)
    others = [other for other in sold if other.seller != one.seller]
    others.sort(key=lambda other: -float(words @ meaning.vector(other.words)))
    near = [(one.prompt, other.prompt) for other in others[:CANDIDATES]]
    return bool(standing_out(likenesses(meaning, near)))


def demo() -> Iterator[Sold]:
    """The demo's listings: all for one model with one small vocabulary."""
    for path in sorted(SELLERS.glob("*.toml")):
        for one in tomllib.loads(path.read_text(encoding="utf-8"))["listing"]:
            words = ". ".join([one["title"], ", ".join(one["tags"]), one["description"]])
            yield Sold(path.stem, words, " ".join(one["prompt"].split()))


def two_sellers(sold: list[Sold]) -> Iterator[tuple[str, str]]:
    """Prompts of different sellers, pair by pair."""
    for one, other in itertools.combinations(sold, 2):
        if one.seller != other.seller:
            yield one.prompt, other.prompt


if __name__ == "__main__":
    main()
