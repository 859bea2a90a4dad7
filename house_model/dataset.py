"""Renders the training pictures once, to memory-mapped files that every later stage shares."""

from __future__ import annotations

import json
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from house_model.canvas import SIZE
from house_model.grammar import Scene, random_scene
from house_model.world import render

_CHUNK = 200


@dataclass(frozen=True)
class RenderedSet:
    """Scenes and their pictures, uint8 (count, SIZE, SIZE, 3), memory-mapped."""

    scenes: list[Scene]
    pixels: NDArray[np.uint8]


def render_set(folder: Path, count: int, *, held_out: bool, seed: int, processes: int) -> None:
    """Render `count` scenes of one side of the split into `folder`; does nothing when they exist.

    Chunks are independent files, so an interrupted run continues where it stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    scenes = [random_scene(rng, held_out=held_out) for _ in range(count)]
    if (folder / "pixels.npy").exists() and _count(folder) == count:
        return
    chunks = [scenes[i : i + _CHUNK] for i in range(0, count, _CHUNK)]
    jobs = [(chunk, folder / f"chunk-{i:04d}.npy") for i, chunk in enumerate(chunks)]
    with ProcessPoolExecutor(processes) as pool:
        for done, _ in enumerate(pool.map(_render_chunk, jobs), start=1):
            if done % 10 == 0 or done == len(jobs):
                print(f"rendered {min(done * _CHUNK, count)} of {count}", flush=True)
    _merge(folder, [path for _, path in jobs], count)
    text = json.dumps([scene.to_dict() for scene in scenes])
    (folder / "scenes.json").write_text(text, encoding="utf-8")


def load_set(folder: Path) -> RenderedSet:
    """Open what `render_set` wrote.

    Raises FileNotFoundError when the set was never rendered.
    """
    rows = json.loads((folder / "scenes.json").read_text(encoding="utf-8"))
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    return RenderedSet([Scene(**row) for row in rows], pixels)


def _count(folder: Path) -> int:
    return int(np.load(folder / "pixels.npy", mmap_mode="r").shape[0])


def _render_chunk(job: tuple[list[Scene], Path]) -> None:
    scenes, path = job
    if path.exists():
        return
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.save(file, np.stack([render(scene) for scene in scenes]))
    partial.rename(path)


def _merge(folder: Path, paths: list[Path], count: int) -> None:
    partial = folder / "pixels.part"
    shape = (count, SIZE, SIZE, 3)
    merged = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
    at = 0
    for path in paths:
        chunk = np.load(path)
        merged[at : at + len(chunk)] = chunk
        at += len(chunk)
    merged.flush()
    partial.rename(folder / "pixels.npy")
    for path in paths:
        path.unlink()
