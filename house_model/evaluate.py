"""`make eval-model`: does the model draw what it is told? Judged on held-out combinations.

Prints a line per attribute and the commonest mistakes; the last line is the report as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray

from house_model.bundle import GUIDANCE, STEPS, WEIGHTS, folder_megabytes, load_weights
from house_model.classifier import JUDGE, Judge, load_judge
from house_model.grammar import ATTRIBUTES, Scene, caption, random_scene, said_attributes

_BATCH = 4


@dataclass(frozen=True)
class Examination:
    """One caption, what it says, and the seed its picture is drawn with."""

    scene: Scene
    text: str
    place_said: bool
    seed: int


def examinations(count: int, seed: int = 2024) -> list[Examination]:
    """Captions over combinations that training never saw; each names every attribute it can."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        scene = random_scene(rng, held_out=True)
        said = said_attributes(rng, scene, complete=True)
        text = caption(rng, scene, said=said)
        made.append(Examination(scene, text, "place" in said, seed=number))
    return made


def generate(
    pipeline: StableDiffusionPipeline, texts: list[str], seeds: list[int]
) -> NDArray[np.uint8]:
    """Pictures for captions, uint8 (n, 256, 256, 3), each from a CPU generator of its own."""
    images: list[NDArray[np.uint8]] = []
    for start in range(0, len(texts), _BATCH):
        part = slice(start, start + _BATCH)
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds[part]]
        drawn = pipeline(
            texts[part],
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=generators,
        ).images
        images += [np.asarray(image.convert("RGB")) for image in drawn]
    return np.stack(images)


def agreement(
    judge: Judge, asked: list[Examination], pixels: NDArray[np.uint8]
) -> tuple[dict[str, float], dict[str, Counter[tuple[str, str]]]]:
    """Per attribute: the share of pictures that show what was asked, and the mistakes' counts."""
    named = judge.judge(pixels)
    scores: dict[str, float] = {}
    mistakes: dict[str, Counter[tuple[str, str]]] = {}
    for name in ATTRIBUTES:
        pairs = [
            (getattr(exam.scene, name), value)
            for exam, value in zip(asked, named[name], strict=True)
            if name != "place" or exam.place_said
        ]
        wrong = Counter(pair for pair in pairs if pair[0] != pair[1])
        mistakes[name] = wrong
        scores[name] = round(1 - wrong.total() / len(pairs), 4)
    return scores, mistakes


def value_scores(
    judge: Judge, asked: list[Examination], pixels: NDArray[np.uint8]
) -> dict[str, dict[str, float]]:
    """The agreement for each value of each attribute: which words come out well."""
    named = judge.judge(pixels)
    table: dict[str, dict[str, float]] = {}
    for name in ATTRIBUTES:
        hits: dict[str, list[bool]] = {}
        for exam, value in zip(asked, named[name], strict=True):
            if name != "place" or exam.place_said:
                wanted = getattr(exam.scene, name)
                hits.setdefault(wanted, []).append(wanted == value)
        table[name] = {value: round(sum(h) / len(h), 3) for value, h in sorted(hits.items())}
    return table


def seconds_per_image(pipeline: StableDiffusionPipeline, runs: int = 3) -> float:
    """Wall-clock seconds for one picture on one thread: the best of a few runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken = []
    for run in range(runs):
        started = time.perf_counter()
        generate(pipeline, ["paper-cut lighthouse by the sea at sunset"], [run])
        taken.append(time.perf_counter() - started)
    torch.set_num_threads(threads)
    return round(min(taken), 3)


def main(arguments: list[str] | None = None) -> None:
    """Generate, judge, print."""
    parser = argparse.ArgumentParser(prog="python -m house_model.evaluate", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--judge", type=Path, default=JUDGE)
    parser.add_argument("--captions", type=int, default=240)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="write the pictures and captions here")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    pipeline, judge = load_weights(options.weights), load_judge(options.judge)
    asked = examinations(options.captions)
    pixels = generate(pipeline, [e.text for e in asked], [e.seed for e in asked])
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        np.save(options.keep / "pixels.npy", pixels)
        lines = "\n".join(exam.text for exam in asked)
        (options.keep / "captions.txt").write_text(lines + "\n", encoding="utf-8")
    scores, mistakes = agreement(judge, asked, pixels)
    values = value_scores(judge, asked, pixels)
    for name, score in scores.items():
        common = ", ".join(f"{a} drawn as {b} {n}x" for (a, b), n in mistakes[name].most_common(3))
        print(f"{name}: {score:.1%}  {common}")
        print("   ", "  ".join(f"{value} {share:.0%}" for value, share in values[name].items()))
    report = {
        "attributes": scores,
        "least": min(scores.values()),
        "mean": round(sum(scores.values()) / len(scores), 4),
        "captions": len(asked),
        "seconds_per_image": seconds_per_image(pipeline),
        "megabytes": round(folder_megabytes(options.weights), 2),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
