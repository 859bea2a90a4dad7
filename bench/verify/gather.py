"""Draws a chunk of scenes in every way a sample may differ, and keeps the prints."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from bench.verify.edits import EDITS
from bench.verify.painter import Painter
from bench.verify.plan import (
    BRUTE,
    CPU,
    IMG2IMG_STRENGTHS,
    PHILOX,
    SCREEN,
    SLOW_NUMERICS,
    Chunk,
    Settings,
    Size,
    scene,
)
from bench.verify.prints import take


def chunk_data(painter: Painter, chunk: Chunk) -> dict[str, Any]:
    """Prints of a chunk: per scene the re-runs, authentic samples, forgeries, near settings."""
    started = time.process_time()
    captions = [item.caption for item in chunk.scenes]
    seeds = [item.seed for item in chunk.scenes]
    declared = chunk.settings
    reruns = {
        noise: painter.draw(captions, seeds, declared, noise, previews=True)
        for noise in (CPU, PHILOX)
    }
    reference = reruns[CPU][0]
    rows: list[dict[str, Any]] = [
        {"settings": asdict(declared), "reruns": {}, "authentic": [], "forged": [], "near": []}
        for _ in chunk.scenes
    ]
    _reruns(painter, chunk, reruns, rows)
    _authentic(painter, chunk, reference, rows, reruns[PHILOX][0])
    for grade, images in _forgeries(painter, chunk, reference):
        _add(rows, "forged", grade, images, reference)
    for name, settings in chunk.nearby:
        images, _ = painter.draw(captions, seeds, settings)
        _add(rows, "near", name, images, reference)
    return {"rows": rows, "processor_seconds": time.process_time() - started}


def _reruns(
    painter: Painter, chunk: Chunk, reruns: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    captions = [item.caption for item in chunk.scenes]
    seeds = [item.seed for item in chunk.scenes]
    short = SCREEN.steps(chunk.settings.steps)
    for noise, (images, previews) in reruns.items():
        shorts: list[Image.Image] = []
        if short is not None:
            few = Settings(chunk.settings.scheduler, short, chunk.settings.guidance)
            shorts, _ = painter.draw(captions, seeds, few, noise)
        for number, row in enumerate(rows):
            row["reruns"][noise] = {
                "final": take(images[number]).to_json(),
                "previews": {str(s): take(p[number]).to_json() for s, p in previews.items()},
                "short": take(shorts[number]).to_json() if shorts else None,
                "short_share": (short or 0) / chunk.settings.steps,
            }


def _authentic(
    painter: Painter,
    chunk: Chunk,
    reference: Sequence[Image.Image],
    rows: list[dict[str, Any]],
    philox: Sequence[Image.Image],
) -> None:
    """Each variant of the arithmetic as it is, and every benign edit of one of them."""
    captions = [item.caption for item in chunk.scenes]
    seeds = [item.seed for item in chunk.scenes]
    machines = {"same machine": list(reference)}
    for name in chunk.numerics:
        scenes = min(len(seeds), SLOW_NUMERICS.get(name, len(seeds)))
        with painter.numerics(name) as batch:
            machines[name] = [
                image
                for start in range(0, scenes, batch)
                for image in painter.draw(
                    captions[start : min(start + batch, scenes)],
                    seeds[start : min(start + batch, scenes)],
                    chunk.settings,
                )[0]
            ]
    for number, row in enumerate(rows):
        names = [name for name, images in machines.items() if number < len(images)]
        for place, (edit_name, edit) in enumerate(EDITS.items()):
            # Every machine meets every edit over the scenes.
            machine = names[(number + place) % len(names)]
            image = edit(machines[machine][number])
            row["authentic"].append([f"{machine} | {edit_name}", CPU, take(image).to_json()])
        for machine in names[1:]:
            image = machines[machine][number]
            row["authentic"].append([f"{machine} | as it is", CPU, take(image).to_json()])
        for edit_name in list(EDITS)[number % 3 :: 5]:
            image = EDITS[edit_name](philox[number])
            row["authentic"].append([f"GPU noise | {edit_name}", PHILOX, take(image).to_json()])


def _forgeries(painter: Painter, chunk: Chunk, reference: Sequence[Image.Image]) -> Any:
    scenes, declared = chunk.scenes, chunk.settings
    seeds = [item.seed for item in scenes]
    others = [item.other_seed for item in scenes]
    captions = [item.caption for item in scenes]
    yield "other seed", painter.draw(captions, others, declared)[0]
    yield "one word changed", painter.draw([s.one_word for s in scenes], seeds, declared)[0]
    yield "one variable changed", painter.draw([s.one_variable for s in scenes], seeds, declared)[0]
    for strength in IMG2IMG_STRENGTHS:
        edited = painter.redraw(reference, [s.other for s in scenes], others, declared, strength)
        yield f"image-to-image {strength}", edited
    for shift in (1, 2):
        turned = [reference[(n + shift) % len(reference)] for n in range(len(reference))]
        yield "other listing", turned


def _add(
    rows: list[dict[str, Any]],
    kind: str,
    name: str,
    images: Sequence[Image.Image],
    reference: Sequence[Image.Image],
) -> None:
    """Prints of a batch; marks pictures that differ from the re-run by less than JPEG q60 does."""
    for row, image, original in zip(rows, images, reference, strict=True):
        visible = _rms(image, original) > _rms(EDITS["jpeg q60"](original), original)
        row[kind].append([name, visible, take(image).to_json()])


def _rms(a: Image.Image, b: Image.Image) -> float:
    difference = np.asarray(a, np.float32) - np.asarray(b, np.float32)
    return float(np.sqrt(np.mean(difference**2)))


def brute_data(painter: Painter, number: int, size: Size) -> dict[str, Any]:
    """One prompt under many seeds: whoever has a picture of it can look for the nearest seed."""
    item = scene(f"brute {number}")
    prints, batch = [], max(size.batch, 8)
    seeds = list(range(1, size.brute_seeds + 1))
    for start in range(0, len(seeds), batch):
        part = seeds[start : start + batch]
        images, _ = painter.draw([item.caption] * len(part), part, BRUTE)
        prints += [take(image).to_json() for image in images]
    return {"prints": prints}
