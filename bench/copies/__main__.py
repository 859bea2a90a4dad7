"""Edited copies of a thousand pictures: which are found, and is anybody accused wrongly?

    python -m bench.copies [--images 1000] [--edits crop] [--every 1] [--seed 0]

Each edit is applied to every picture (or every n-th), and each result is searched for among all
pictures. Beside the search stand pHash (imagehash, 64 bits, at most 10) and PDQ (at most 31) alone.
Other seeds of the same prompt are among the references: they are alike and must not be hits.
Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagehash
import numpy as np
from PIL import Image

from bench.copies.changes import Pixels, Room
from bench.copies.edits import EDITS, Edit
from bench.copies.pictures import Picture, pictures, strangers
from bench.copies.scores import HashRanking, Ranking, Tally
from bench.copies.shelf import Shelf
from workers.fingerprints.features import features, pack
from workers.fingerprints.hashes import fingerprint
from workers.fingerprints.orientations import pdq_orientations
from workers.fingerprints.windows import window_hashes
from workers.search.copies import CopySearch
from workers.search.mih import warm_up

CACHE = Path("var/bench/copies")
PHASH_MAX, PDQ_MAX = 10, 31
STRANGERS = 40


@dataclass
class Bench:
    """What is searched, and what came of it so far."""

    references: list[Picture]
    search: CopySearch
    others: list[Pixels]
    phashes: np.ndarray
    pdqs: np.ndarray
    ranking: Ranking
    by_phash: HashRanking
    by_pdq: HashRanking


def phash(pixels: Pixels) -> np.ndarray:
    """imagehash's 64 bits, packed."""
    return np.packbits(imagehash.phash(Image.fromarray(pixels)).hash.ravel())


def pdq(pixels: Pixels) -> np.ndarray:
    """PDQ's 256 bits, packed."""
    return np.frombuffer(pdq_orientations(pixels)[0][0], np.uint8)


def measure(bench: Bench, edit: Edit, every: int, seed: int) -> Tally:
    """Apply one edit to every n-th picture and search for each result."""
    tally = Tally()
    number = EDITS.index(edit)
    for slot in range(0, len(bench.references), every):
        picture = bench.references[slot]
        room = Room(np.random.default_rng([seed, slot, number, 3]), bench.others)
        query = np.ascontiguousarray(edit.apply(picture.pixels, room))
        tally.queries += 1
        bench.ranking.queries += 1
        _alone(bench, tally, query, slot)
        started = time.perf_counter()
        looks = bench.search.find(query)
        tally.seconds += time.perf_counter() - started
        for look in looks:
            bench.ranking.scores.append(look.agreement.score)
            bench.ranking.right.append(look.slot == slot)
            if look.is_copy and look.slot == slot:
                tally.found += 1
            elif look.is_copy and bench.references[look.slot].family == picture.family:
                tally.false_sisters += 1
            elif look.is_copy:
                tally.false += 1
    return tally


def _alone(bench: Bench, tally: Tally, query: Pixels, slot: int) -> None:
    """What one hash of the whole picture says."""
    near = np.bitwise_count(bench.phashes ^ phash(query)).sum(axis=1, dtype=np.int64)
    bench.by_phash.add(near, slot)
    tally.by_phash += int(near[slot] <= PHASH_MAX)
    near = np.bitwise_count(bench.pdqs ^ pdq(query)).sum(axis=1, dtype=np.int64)
    bench.by_pdq.add(near, slot)
    tally.by_pdq += int(near[slot] <= PDQ_MAX)


def ingest_rate(seconds: float = 2.0) -> dict[str, float]:
    """Pictures of 512 px a second for each thing that is computed of a sample, on one core."""
    rng = np.random.default_rng(5)
    blocks = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    pixels = cv2.resize(blocks, (512, 512), interpolation=cv2.INTER_CUBIC)
    image = Image.fromarray(pixels)
    steps = {
        "fingerprint": lambda: fingerprint(image),
        "51 windows": lambda: window_hashes(pixels),
        "keypoints": lambda: pack(features(pixels)),
    }
    spent = {}
    for name, step in steps.items():
        step()
        count, started = 0, time.process_time()
        while time.process_time() - started < seconds / len(steps):
            step()
            count += 1
        spent[name] = (time.process_time() - started) / count
    spent["all together"] = sum(spent.values())
    return {name: 1 / each for name, each in spent.items()}


def report(tallies: dict[str, Tally], bench: Bench, edits: list[Edit]) -> dict[str, Any]:
    """Print the tables; the last line's figures."""
    print(
        f"\n{'edit':32} {'recall':>7} {'precision':>9}   {'pHash':>6} {'PDQ':>6}  ms  "
        "false (of one prompt)"
    )
    for name, tally in tallies.items():
        print(
            f"{name:32} {tally.recall:7.1%} {tally.precision:9.2%}   "
            f"{tally.by_phash / tally.queries:6.1%} {tally.by_pdq / tally.queries:6.1%} "
            f"{tally.seconds / tally.queries * 1e3:4.0f}  {tally.false} ({tally.false_sisters})"
        )
    rankings = {
        "copy search": bench.ranking, "pHash alone": bench.by_phash, "PDQ alone": bench.by_pdq,
    }  # fmt: skip
    print(f"\n{'over all edits':32} {'micro-AP':>8} {'recall at 90 % precision':>25}")
    for name, ranking in rankings.items():
        print(f"{name:32} {ranking.micro_ap():8.3f} {ranking.recall_at(0.9):25.1%}")
    families = [each.family for each in bench.references]
    sisters = np.mean([families.count(family) - 1 for family in families])
    queries = sum(tally.queries for tally in tallies.values())
    unrelated = queries * (len(families) - 1 - sisters)
    false = sum(tally.false for tally in tallies.values())
    false_sisters = sum(tally.false_sisters for tally in tallies.values())
    print(f"\nfalse hits: {false} of {unrelated:,.0f} pairs of different prompts")
    print(
        f"false hits: {false_sisters} of {queries * sisters:,.0f} pairs of one prompt, "
        f"another seed (drawn house scenes, edited; the hard case, reported apart)"
    )

    def recall(*names: str) -> float:
        chosen = [tallies[name] for name in names if name in tallies]
        total = sum(tally.queries for tally in chosen)
        return round(sum(tally.found for tally in chosen) / max(1, total), 4)

    def group(wanted: str) -> list[str]:
        return [edit.name for edit in edits if edit.group == wanted]

    return {
        "benign_recall": recall(*group("benign")),
        "crop10": recall("crop 10 %"),
        "crop20": recall("crop 20 %"),
        "crop30": recall("crop 30 %"),
        "flip": recall(*group("flip")),
        "micro_ap": round(bench.ranking.micro_ap(), 4),
        "false_hits_per_million": round(false / max(1.0, unrelated) * 1e6, 3),
        "edits": len(tallies),
        "images": len(bench.references),
    }


def main() -> None:
    """Build, search, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--edits", default="", help="only edits whose name or group holds this")
    parser.add_argument("--every", type=int, default=1, help="edit only every n-th picture")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    warm_up()
    started = time.monotonic()
    references = pictures(options.images, CACHE, options.seed)
    shelf = Shelf(references)
    bench = Bench(
        references=references,
        search=shelf.search(),
        others=strangers(STRANGERS, options.seed),
        phashes=np.stack([phash(each.pixels) for each in references]),
        pdqs=np.stack([np.frombuffer(each, np.uint8) for each in shelf.pdq]),
        ranking=Ranking(),
        by_phash=HashRanking(64),
        by_pdq=HashRanking(256),
    )
    parts, points = shelf.bytes_stored()
    print(
        f"{len(references)} references, {parts:,.0f} B of windows and {points:,.0f} B of keypoints"
    )
    for name, rate in ingest_rate().items():
        print(f"  {name:14} {rate:7.0f} pictures of 512 px a second and core")
    edits = [each for each in EDITS if options.edits in f"{each.name} {each.group}"]
    tallies = {}
    for edit in edits:
        tallies[edit.name] = measure(bench, edit, options.every, options.seed)
        print(f"{time.monotonic() - started:6.0f} s  {edit.name}", flush=True)
    print(json.dumps(report(tallies, bench, edits)))


if __name__ == "__main__":
    main()
