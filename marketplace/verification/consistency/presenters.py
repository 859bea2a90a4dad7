"""What anyone may see of a consistency report. Every field here is part of the public contract."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from marketplace.listings.models import ListingVersion
from marketplace.listings.public import ordered_values, variable_names
from marketplace.verification.consistency import queries
from marketplace.verification.consistency.models import ConsistencyPicture, ConsistencyReport
from marketplace.verification.consistency.states import Purpose
from marketplace.verification.consistency.statistics import CONFIDENCE

FAILURES = {
    "flat": "one flat colour",
    "off_prompt": "too little of what the prompt asks for",
    "bad_pixels": "the model computed no picture",
    "provider_refused": "the model's safety check refused",
    "request_refused": "the model cannot take this prompt",
}
"""Why a picture counts as failed, in words; other codes are shown as they are."""

NOT_MEASURED = "We have nothing that could judge this model's pictures against their prompts."


def consistency_of(
    session: Session, version: ListingVersion, purpose: Purpose = Purpose.PUBLIC
) -> dict[str, Any] | None:
    """The newest finished report of a version with the history of earlier ones; None without one.

    Plain data for JSON. Holds values, seeds and the version's id (all needed to repeat the
    draws), never the prompt nor which of its words were looked for.
    """
    reports = queries.completed_of(session, version.id, purpose)
    if not reports:
        return None
    newest = reports[0]
    return _report(newest) | {"history": [_history(report) for report in reports]}


def progress_of(report: ConsistencyReport | None) -> dict[str, Any] | None:
    """How far a report that is being made is; None when there is none."""
    if report is None:
        return None
    return {
        "state": report.state.value,
        "pictures_done": report.pictures_done,
        "pictures_total": report.pictures_total,
        "percent": report.pictures_done * 100 // report.pictures_total,
    }


def _report(report: ConsistencyReport) -> dict[str, Any]:
    summary = report.summary or {}
    by_number = {picture.number: picture for picture in report.pictures}
    grid = [picture for picture in report.pictures if picture.fill is not None]
    baseline = grid[0]
    names = variable_names(report.version)
    return {
        "version_id": report.version_id,
        "rule_version": report.rule_version,
        "fills": report.fills,
        "seeds": _seeds(grid),
        "measured_at": report.finished_at.isoformat() if report.finished_at else "",
        "seconds": round(sum(picture.seconds or 0.0 for picture in report.pictures), 1),
        "provenance": report.provenance or {},
        "confidence": CONFIDENCE,
        "adherence": summary["adherence"],
        "scale": summary["scale"],
        "adherence_note": None if summary["scale"] else NOT_MEASURED,
        "spread": summary["spread"],
        "failures": summary["failures"],
        "sheet": [_picture(picture, names, summary["worst"]) for picture in grid],
        "style_limit": summary["style_limit"],
        "map": [
            entry
            | {
                "baseline_pictures": baseline.derivatives or [],
                "choices": [
                    choice | {"pictures": by_number[choice["number"]].derivatives or []}
                    for choice in entry["choices"]
                ],
            }
            for entry in summary["map"]
        ],
        "map_left_out": report.left_out,
    }


def _seeds(grid: list[ConsistencyPicture]) -> list[int]:
    """The seeds in the order in which they were drawn."""
    by_column = {picture.seed_column: picture.seed for picture in grid}
    return [seed for _, seed in sorted(by_column.items(), key=lambda item: item[0] or 0)]


def _picture(picture: ConsistencyPicture, names: list[str], worst: int) -> dict[str, Any]:
    return {
        "number": picture.number,
        "fill": picture.fill,
        "seed": picture.seed,
        "values": dict(ordered_values(picture.values, names)),
        "adherence": None if picture.adherence is None else round(picture.adherence, 4),
        "hits": picture.hits,
        "judged": picture.judged,
        "failure": picture.failure,
        "failure_text": FAILURES.get(picture.failure or "", picture.failure),
        "worst": picture.number == worst,
        "pictures": picture.derivatives or [],
    }


def _history(report: ConsistencyReport) -> dict[str, Any]:
    summary = report.summary or {}
    weights = (report.provenance or {}).get("weights_sha256")
    return {
        "measured_at": report.finished_at.isoformat() if report.finished_at else "",
        "weights_sha256": weights,
        "adherence": summary["adherence"],
        "spread": summary["spread"],
        "failures": summary["failures"],
    }
