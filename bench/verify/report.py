"""Prints what the bench found; the last line is one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from statistics import median

from bench.verify.analysis import Measured, Row, roc, whole_forgery_bound
from bench.verify.listings import Tally, mixed_acceptance
from bench.verify.prints import measure
from marketplace.verification.calibration import Calibration
from marketplace.verification.similarity import Band
from marketplace.verification.sprt import upper_bound

GOALS = {
    "false_accept_upper": 1e-3,
    "honest_reject": 1e-2,
    "grey": 0.05,
    "unet_share": 0.5,
    "worker_overhead": 0.05,
}


def show(
    records: Mapping[str, Calibration],
    measured: Mapping[str, Mapping[str, Measured]],
    tallies: Mapping[str, Tally],
    cost: Mapping[str, float],
    rows: Sequence[Row],
    main: Calibration,
) -> None:
    """Everything, from curves to whole listings."""
    _show_roc(rows)
    _show_limits(records)
    for kind, title in (
        ("authentic", "Authentic samples, against the re-run under the noise that suits best"),
        ("forged", "Forgeries that can be seen to differ (a miss is right)"),
        ("near", "Near settings: hardly another picture; how much the limits notice"),
    ):
        _show_grades(title, measured[kind])
    _show_listings(tallies)
    passes = _show_mixed(rows, main)
    result = _result(measured, tallies, cost)
    print("\nGoals")
    for name, goal in GOALS.items():
        print(f"  {name:20} {result[name]:9.5f}  {'met' if result[name] <= goal else 'MISSED'}")
    print(f"  a forged sample's short run passes with probability at most {passes:.3f}")
    print(
        f"  a worker's full look takes {cost['worker_seconds']:.3f} processor seconds, the bare "
        f"pipeline {cost['bare_seconds']:.3f}"
    )
    print(json.dumps(result))


def _show_roc(rows: Sequence[Row]) -> None:
    print("\nROC, all classes: share within both limits, hash alone, colour alone")
    print("  bits colour    authentic: both  hash colour      forged: both   hash  colour")
    for point in roc(rows):
        print(
            f"  {point['bits']:4.0f} {point['colour']:6.1f}"
            f"{point['true_both']:17.4f}{point['true_hash']:7.3f}{point['true_colour']:7.3f}"
            f"{point['false_both']:18.4f}{point['false_hash']:8.4f}{point['false_colour']:8.4f}"
        )


def _show_limits(records: Mapping[str, Calibration]) -> None:
    print("\nLimits by scheduler class (house model)")
    for name, record in records.items():
        screen, rates = record.screen, record.rates
        print(f"  {name}: version {record.version}")
        print(
            f"    match <= {record.reproduced_max} bits and colour <= {record.colour_max}; miss > "
            f"{record.grey_max} bits or colour > {record.colour_grey_max}"
        )
        print(f"    previews break off above {dict(record.preview_reject)}")
        if screen is not None:
            print(f"    short run passes <= {screen.distance_max} bits, <= {screen.colour_max}")
        print(
            f"    per sample (95 % bounds): match if authentic >= {rates.match_if_authentic:.4f}, "
            f"match if forged <= {rates.match_if_forged:.4f}, early reject if authentic <= "
            f"{rates.early_reject_if_authentic:.4f}, "
            f"if forged >= {rates.early_reject_if_forged:.3f}"
        )


def _show_grades(title: str, found: Mapping[str, Measured]) -> None:
    print(f"\n{title}")
    print(
        "  grade                                n  match  grey  miss  match<=  bits: least/median/"
    )
    print("                                                            greatest; colour; unseen")
    for grade in sorted(found):
        item = found[grade]
        seen = [n for n, visible in enumerate(item.visible) if visible]
        if not seen:
            print(f"  {grade:34}{0:5}  nobody could tell any of {len(item.visible)} apart")
            continue
        bands = [item.bands[n] for n in seen]
        hashes, colours = [item.hashes[n] for n in seen], [item.colours[n] for n in seen]
        counts = [bands.count(band) for band in (Band.REPRODUCED, Band.GREY, Band.MISS)]
        print(
            f"  {grade:34}{len(seen):5}{counts[0]:7}{counts[1]:6}{counts[2]:6}"
            f"{upper_bound(counts[0], len(seen)):9.4f}  {min(hashes)}/{median(hashes):g}/"
            f"{max(hashes)}; {min(colours):.1f}/{median(colours):.1f}/{max(colours):.1f}"
            f"; {len(item.visible) - len(seen)}"
        )


def _show_listings(tallies: Mapping[str, Tally]) -> None:
    print("\nWhole listings of 3-9 samples through the decision rule (in full: every sample run)")
    print(
        "  listings                               n  accept  reject   human  UNet  in full: accept"
    )
    for name, t in tallies.items():
        if not t.listings:
            continue
        print(
            f"  {name:34}{t.listings:6}{t.accepted / t.listings:8.4f}"
            f"{t.rejected / t.listings:8.4f}{t.human / t.listings:8.4f}{t.unet_share:6.2f}"
            f"{t.full_accepted / t.listings:10.4f}"
        )


def _show_mixed(rows: Sequence[Row], record: Calibration) -> float:
    """Prints the chance that k forgeries of n pass; returns the bound of passing a short run."""
    screen = record.screen
    if screen is None:
        return math.nan
    passed = tried = 0
    for row in rows:
        for sample in row.forged:
            shorts = [rerun.short for rerun in row.reruns.values() if rerun.short is not None]
            if not sample.visible or not shorts:
                continue
            tried += 1
            found = [measure(sample.picture, short) for short in shorts]
            passed += any(screen.passes(c.distance, c.colour_distance or 0.0) for c in found)
    if not tried:
        return math.nan
    bound = upper_bound(passed, tried)
    print(f"\nMixed listings: {passed} of {tried} forged samples pass a short run (<= {bound:.4f})")
    print("  chance that k forgeries among n samples go unnoticed, at that bound")
    print("     n" + "".join(f"   k={k:<6}" for k in range(1, 6)))
    for n in (3, 4, 5, 6, 7, 9):
        cells = [f"{mixed_acceptance(n, k, bound):10.5f}" for k in range(1, 6) if k <= n]
        print(f"  {n:4}" + "".join(cells))
    return bound


def _result(
    measured: Mapping[str, Mapping[str, Measured]],
    tallies: Mapping[str, Tally],
    cost: Mapping[str, float],
) -> dict[str, float]:
    worst, negatives = 0.0, 0
    for item in measured["forged"].values():
        seen = [band for band, visible in zip(item.bands, item.visible, strict=True) if visible]
        negatives += len(seen)
        if seen:
            worst = max(worst, whole_forgery_bound(seen.count(Band.REPRODUCED), len(seen)))
    negatives += sum(len(item.bands) for item in measured["near"].values())
    honest = tallies["honest"].merged(tallies["honest, GPU noise undeclared"])
    return {
        "false_accept_upper": round(worst, 6),
        "honest_reject": round(honest.rejected / honest.listings, 5),
        "grey": round(honest.human / honest.listings, 5),
        "unet_share": round(honest.unet_share, 4),
        "worker_overhead": round(cost["overhead"], 4),
        "negatives": negatives,
    }
