"""Written pairs of prompts, and the demo's own ones, compared by meaning and by words.

`pairs.json` holds pairs that mean the same in other words and pairs that are only of one kind; none
was changed after its likeness was seen. Prints shares by threshold; the last line is a JSON object.
"""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from marketplace.policy.prints import alike
from marketplace.screening.clones import CLONE
from marketplace.screening.paraphrases import SAME, embedded
from marketplace.search.meaning import MeaningOfWords
from marketplace.sentences.encoder import Encoder, packaged

PAIRS = Path(__file__).with_name("pairs.json")
SELLERS = Path(__file__).parents[2] / "demo" / "content" / "sellers"
THRESHOLDS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85)


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
    lists = {
        "the same in other words": likenesses(meaning, same),
        "of one kind": likenesses(meaning, kind),
        "unlike": likenesses(meaning, list(itertools.combinations(firsts, 2))),
        "demo, two sellers": likenesses(meaning, list(demo_pairs())),
    }
    print(f"{'likeness from':24}" + "".join(f"{value:>8.2f}" for value in THRESHOLDS))
    for name, values in lists.items():
        shares = "".join(f"{share(values, value):8.3f}" for value in THRESHOLDS)
        print(f"{name:24}{shares}  of {len(values)}")
    by_words = sum(alike(first, second) >= CLONE for first, second in same) / len(same)
    print(f"by words alone, {by_words:.3f} of those that mean the same are found")
    figures = {
        "pairs": len(pairs),
        "threshold": SAME,
        "found": share(lists["the same in other words"], SAME),
        "found_by_words": round(by_words, 4),
        "of_one_kind_named": share(lists["of one kind"], SAME),
        "unlike_named": share(lists["unlike"], SAME),
        "demo_named": share(lists["demo, two sellers"], SAME),
    }
    print(json.dumps(figures))


def likenesses(meaning: MeaningOfWords, pairs: list[tuple[str, str]]) -> list[float]:
    """Cosine of each pair."""
    vectors = {text: embedded(meaning, text) for pair in pairs for text in pair}
    return [float(vectors[first] @ vectors[second]) for first, second in pairs]


def share(values: list[float], threshold: float) -> float:
    """Of the values, those at or above the threshold."""
    return round(sum(value >= threshold for value in values) / len(values), 4)


def demo_pairs() -> Iterator[tuple[str, str]]:
    """Prompts of different sellers: all for one model with one small vocabulary."""
    sold = []
    for path in sorted(SELLERS.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        sold += [(path.stem, " ".join(one["prompt"].split())) for one in content["listing"]]
    for (mine, first), (theirs, second) in itertools.combinations(sold, 2):
        if mine != theirs:
            yield first, second


if __name__ == "__main__":
    main()
