"""Shares the drawing among processes; each unit of work is kept, so a second run goes on."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from bench.verify.plan import Chunk, Size, chunks
from bench.verify.prints import VERSION

CACHE = Path("var/bench/verify")
RULES = 1
"""Goes up when what is drawn or how it is edited changes: older files no longer count."""
Unit = tuple[str, Any, Size, Path, str]


def gather(size: Size, folder: Path, weights: str, jobs: int) -> tuple[dict[Chunk, Any], list[Any]]:
    """Everything drawn and hashed: data by chunk, and one entry per brute-forced prompt."""
    units: list[Unit] = [("chunk", chunk, size, folder, weights) for chunk in chunks(size)]
    units += [("brute", number, size, folder, weights) for number in range(size.brute_prompts)]
    known = [unit for unit in units if _file(unit).exists()]
    missing = [unit for unit in units if unit not in known]
    results = [draw_unit(unit) for unit in known]
    print(f"{len(known)} of {len(units)} units were drawn before", flush=True)
    started = time.monotonic()
    if missing:
        context = multiprocessing.get_context("spawn")
        with context.Pool(min(jobs, len(missing))) as pool:
            for done, result in enumerate(pool.imap_unordered(draw_unit, missing), 1):
                results.append(result)
                minutes = (time.monotonic() - started) / 60
                print(f"drew {done} of {len(missing)} units in {minutes:.1f} min", flush=True)
    by_chunk = {what: data for kind, what, data in results if kind == "chunk"}
    brute = {what: data for kind, what, data in results if kind == "brute"}
    ordered = {chunk: by_chunk[chunk] for chunk in chunks(size)}
    return ordered, [brute[number] for number in sorted(brute)]


def draw_unit(unit: Unit) -> tuple[str, Any, dict[str, Any]]:
    """One unit of work, from its file or new; runs in a drawing process."""
    kind, what, size, folder, _ = unit
    path = _file(unit)
    if path.exists():
        return kind, what, json.loads(path.read_text())
    # Here: it pulls in torch, and only the drawing processes need it.
    from bench.verify.gather import brute_data, chunk_data

    painter = _painter(folder)
    data = chunk_data(painter, what) if kind == "chunk" else brute_data(painter, what, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    partial.write_text(json.dumps(data))
    partial.replace(path)
    return kind, what, data


def _file(unit: Unit) -> Path:
    """Where a unit is kept: named by what is drawn, by which weights, hashed by which rules."""
    kind, what, size, _, weights = unit
    named = [kind, asdict(what)] if kind == "chunk" else [kind, what, size.brute_seeds]
    text = json.dumps([weights, VERSION, RULES, named], sort_keys=True)
    return CACHE / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.json"


@cache
def _painter(folder: Path) -> Any:
    from bench.verify.painter import Painter

    return Painter(folder)
