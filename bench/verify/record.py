"""Builds the versioned calibration record of one scheduler class, golden prompts included."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.verify.analysis import Row, fit, rate, roc
from bench.verify.plan import CPU, Chunk
from bench.verify.prints import Print, measure
from marketplace.verification.calibration import Calibration, Golden
from workers.engines.determinism import library_versions
from workers.engines.registry import HOUSE
from workers.fingerprints.hashes import DEFINITION_VERSION

GOLDEN = 6
GOLDEN_MARGIN = 4
"""Bits beyond what other arithmetic on this machine moved an unedited picture."""


def build(
    scheduler_class: str,
    weights: str,
    rows: Sequence[Row],
    pooled: Sequence[Row],
    extra_forged: Sequence[Row],
    chunks: Sequence[Chunk],
) -> Calibration:
    """Limits, rates, golden prompts and evidence of a class, with a version from the content."""
    base = {
        "version": "",
        "engine_source": HOUSE,
        "scheduler_class": scheduler_class,
        "weights_sha256": weights,
        "fingerprint_version": DEFINITION_VERSION,
        "made_on": datetime.now(UTC).date().isoformat(),
    }
    every = [*pooled, *extra_forged]
    record = fit(rows, every, base)
    record = replace(record, rates=rate(record, [*rows, *extra_forged]))
    golden, moved = golden_of(rows, chunks)
    evidence = {
        "authentic": sum(len(row.authentic) for row in rows),
        "forged": sum(len(row.forged) for row in (*rows, *extra_forged)),
        "scenes": len(rows),
        "authentic_all_classes": sum(len(row.authentic) for row in pooled),
        "libraries": library_versions(),
        "roc": [
            {k: round(v, 4) for k, v in point.items()} for point in roc([*rows, *extra_forged])
        ],
    }
    record = replace(record, golden=golden, golden_max=moved + GOLDEN_MARGIN, evidence=evidence)
    content = json.dumps(record.as_dict(), sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()[:8]
    return replace(record, version=f"{slug(record)}-{record.made_on}-{digest}")


def golden_of(rows: Sequence[Row], chunks: Sequence[Chunk]) -> tuple[tuple[Golden, ...], int]:
    """The first scenes of a class, and how far other arithmetic moved unedited pictures."""
    scenes = [(item, chunk.settings) for chunk in chunks for item in chunk.scenes]
    golden, moved = [], 0
    for number, (row, (item, settings)) in enumerate(zip(rows, scenes, strict=True)):
        final = row.reruns[CPU].final
        for sample in row.authentic:
            machine, _, edit = sample.grade.partition(" | ")
            if edit == "as it is" and machine != "GPU noise":
                moved = max(moved, measure(sample.picture, final).distance)
        if number < GOLDEN:
            golden.append(_golden(item.caption, item.seed, settings, final))
    return tuple(golden), moved


def _golden(caption: str, seed: int, settings: Any, final: Print) -> Golden:
    return Golden(
        caption=caption,
        seed=seed,
        scheduler=settings.scheduler,
        steps=settings.steps,
        guidance=settings.guidance,
        pdq=final.pdq.hex(),
        dct256=final.dct256.hex(),
        pdq_quality=final.pdq_quality,
    )


def slug(record: Calibration) -> str:
    """Engine source and scheduler class as a file name."""
    return f"{record.engine_source}-{record.scheduler_class}".replace("/", "-")


def write(record: Calibration, folder: Path) -> Path:
    """Write the record in place of its predecessor; the repository keeps the old one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug(record)}.json"
    text = json.dumps(record.as_dict(), indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    return path
