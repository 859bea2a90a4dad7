"""Calibrate the verdict on the house model and attack it.

    python -m bench.verify [--size small|medium|full] [--model DIR] [--records DIR] [--jobs 2]

Draws scenes in single-thread processes (kept in var/bench/verify, so that an interrupted run goes
on), fits limits, bounds error rates, plays whole listings through the decision rule, times the
worker and writes one calibration record per scheduler class. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bench.verify import listings, report
from bench.verify.analysis import Row, Sample, brute_row, grades, read_row
from bench.verify.drawing import CACHE, gather
from bench.verify.overhead import overhead
from bench.verify.plan import BRUTE, SIZES, Chunk
from bench.verify.prints import Print
from bench.verify.record import build, write
from marketplace.verification.calibration import RECORDS, Calibration
from workers.engines.pipeline_cache import digest_of
from workers.engines.schedulers import SCHEDULERS

MAIN_CLASS = SCHEDULERS[BRUTE.scheduler].class_name


def rows_of(data: dict[Chunk, Any]) -> dict[str, list[Row]]:
    """Rows by scheduler class."""
    found: dict[str, list[Row]] = {}
    for chunk, content in data.items():
        name = SCHEDULERS[chunk.settings.scheduler].class_name
        found.setdefault(name, []).extend(read_row(row, name) for row in content["rows"])
    return found


def brute_rows(brute: list[Any]) -> list[Row]:
    """A quarter of the seeds of each prompt as targets: each against all the other seeds."""
    found = []
    for data in brute:
        prints = [Print.from_json(item) for item in data["prints"]]
        targets = range(0, len(prints), 4)
        found += [brute_row(prints, target, MAIN_CLASS) for target in targets]
    return found


def play(record: Calibration, rows: list[Row], number: int) -> dict[str, listings.Tally]:
    """Simulated listings: honest, wholly forged by grade, and mixed."""
    looker = listings.Looker(record)
    honest = [(row, s) for row in rows for s in row.authentic if not s.grade.startswith("GPU")]
    gpu = [(row, s) for row in rows for s in row.authentic if s.grade.startswith("GPU")]
    found = {
        "honest": listings.simulate(record, looker, honest, [], 0, number, "honest"),
        "honest, GPU noise undeclared": listings.simulate(
            record, looker, gpu, [], 0, number // 5, "gpu"
        ),
    }
    forged: dict[str, list[tuple[Row, Sample]]] = {}
    for row in rows:
        for sample in row.forged:
            if sample.visible and row.reruns["cpu"].previews:
                forged.setdefault(sample.grade, []).append((row, sample))
    for grade, items in forged.items():
        tally = listings.simulate(record, looker, [], items, None, number // 10, grade)
        if tally.listings:
            found[f"forged: {grade}"] = tally
    every = [item for items in forged.values() for item in items]
    for fakes in (1, 2, 3):
        found[f"mixed: {fakes} forged"] = listings.simulate(
            record, looker, honest, every, fakes, number // 5, f"mixed {fakes}"
        )
    return found


def main() -> None:
    """Gather, fit, attack, time, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--model", type=Path, default=Path("house_model/weights"))
    parser.add_argument("--records", type=Path, help="where to write; the package's at full size")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    size = SIZES[options.size]
    small_records = CACHE / f"records-{options.size}"
    folder = options.records or (RECORDS if options.size == "full" else small_records)

    weights = digest_of(options.model, ("*.safetensors",))
    data, brute = gather(size, options.model, weights, options.jobs)
    by_class = rows_of(data)
    pooled = [row for rows in by_class.values() for row in rows]
    forged_by_search = brute_rows(brute)
    records = {}
    for name, rows in by_class.items():
        members = [c for c in data if SCHEDULERS[c.settings.scheduler].class_name == name]
        extra = forged_by_search if name == MAIN_CLASS else []
        records[name] = build(name, weights, rows, pooled, extra, members)
        print(f"wrote {write(records[name], folder)}")
    main_record = records[MAIN_CLASS]
    measured = {
        kind: grades([*pooled, *(forged_by_search if kind == "forged" else [])], kind, main_record)
        for kind in ("authentic", "forged", "near")
    }
    tallies = play(main_record, by_class[MAIN_CLASS], size.listings)
    cost = overhead(options.model, main_record, size.overhead_images)
    report.show(records, measured, tallies, cost, [*pooled, *forged_by_search], main_record)


if __name__ == "__main__":
    main()
