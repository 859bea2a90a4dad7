"""The document that is signed: the public report as plain data. Field by field: nothing slips in.

Its shape is a public contract: schemas/proof-1.json, explained in docs/proof-json.md. Fractions
are decimal strings, shares per cent; pictures are named by the SHA-256 of their bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from marketplace.core.canonical import decimal
from marketplace.listings.catalogue import scheduler_name
from marketplace.listings.models import Listing, ListingVersion
from marketplace.verification.envelope import SCHEMA_PATH, moment_text
from marketplace.verification.proof_models import DocumentKind
from marketplace.verification.report import ENVIRONMENT
from marketplace.verification.report_parts import (
    DrawnSample,
    Limits,
    Report,
    SamplePair,
    UnmeasuredSample,
)

BITS = 256
PICTURES = frozenset({"pictures", "baseline_pictures"})


class NamedOverride(Protocol):
    """Who put a version on sale without or against its report, and why."""

    @property
    def moderator(self) -> str: ...
    @property
    def note(self) -> str: ...


def build_document(
    site: str,
    listing: Listing,
    version: ListingVersion,
    kind: DocumentKind,
    signed_at: datetime,
    report: Report | None = None,
    override: NamedOverride | None = None,
    consistency: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything the signature stands for.

    Args:
        site: the public address, without a slash at its end.
        consistency: as consistency.presenters gives it.
    """
    return {
        "schema": site + SCHEMA_PATH,
        "issuer": site,
        "kind": kind.value,
        "signed_at": moment_text(signed_at),
        "listing": {
            "id": listing.id,
            "title": listing.title,
            "address": f"{site}/p/{listing.path}",
            "seller": listing.seller.handle,
        },
        "version": {"id": version.id, "number": version.number},
        "tier": {"name": version.tier.value, "meaning": version.tier.meaning},
        "model": {
            "slug": version.target_model.slug,
            "name": version.target_model.name,
            "version": version.target_model.version,
        },
        "settings": {
            "scheduler": scheduler_name(version.scheduler) if version.scheduler else None,
            "steps": version.steps,
            "guidance_scale": decimal(version.guidance),
            "width": version.width,
            "height": version.height,
        },
        "report": None if report is None else _report(report),
        "override": (
            None if override is None else {"moderator": override.moderator, "note": override.note}
        ),
        "consistency": None if consistency is None else _consistency(consistency),
    }


def _report(report: Report) -> dict[str, Any]:
    samples = [_measured(pair) for pair in report.pairs]
    samples += [_unmeasured(sample) for sample in report.unmeasured]
    samples += [_drawn(sample) for sample in report.drawing.samples] if report.drawing else []
    return {
        "run_id": report.run_id,
        "kind": report.kind.value,
        "verdict": report.verdict.value,
        "statement": report.sentence,
        "verified_at": moment_text(report.verified_at) if report.verified_at else None,
        "samples_total": report.total,
        "samples_rerun": len(report.pairs),
        "samples_reproduced": report.reproduced,
        "samples": sorted(samples, key=lambda sample: sample["number"]),
        "decision": _decision(report) if report.drawing is None else _drawing(report),
        "calibration": None if report.limits is None else _calibration(report.limits),
        "copy_search": {
            "found": bool(report.copies),
            "hits": [asdict(copy) for copy in report.copies],
        },
        "environment": {
            **{name: str(value) for name, value in report.environment.items()},
            "libraries": {name: str(value) for name, value in report.libraries.items()},
        },
        "cost": {
            "seconds": decimal(report.run_seconds, 1),
            "evaluations": report.evaluations,
            "evaluations_in_full": report.evaluations_in_full,
        },
    }


def _consistency(data: Mapping[str, Any]) -> dict[str, Any]:
    """The sheet, its figures and the map. Earlier reports have documents of their own."""
    provenance = data["provenance"]
    rest = {name: value for name, value in data.items() if name not in {"history", "provenance"}}
    environment = {name: str(provenance[name]) for name in ENVIRONMENT if provenance.get(name)}
    return {**_exact(rest), "environment": environment}


def _exact(value: Any) -> Any:
    """Fractions as decimal strings, and of each picture's sizes the widest."""
    if isinstance(value, float):
        return decimal(value, 4)
    if isinstance(value, Mapping):
        return {
            name: _picture(item) if name in PICTURES else _exact(item)
            for name, item in value.items()
        }
    return [_exact(item) for item in value] if isinstance(value, list | tuple) else value


def _measured(pair: SamplePair) -> dict[str, Any]:
    return {
        "number": pair.number,
        "state": "rerun" if pair.stopped_at_share is None else "broken_off",
        "values": _values(pair.values),
        "picture": _picture(pair.sample_pictures),
        "rerun": _picture(pair.rerun_pictures),
        "band": pair.band.value,
        "decided_by": pair.decided_by,
        "distance": pair.distance,
        "distances": {
            "pdq": pair.pdq_distance,
            "dct256": pair.dct_distance,
            "phash64": pair.phash_distance,
        },
        "colour_distance": _optional(pair.colour_distance),
        "pdq_quality": pair.quality,
        "noise": pair.hypothesis,
        "compared_at_percent": _percent(pair.stopped_at_share),
        "seconds": decimal(pair.seconds, 1),
        "evaluations": pair.evaluations,
        "cached": pair.cached,
    }


def _unmeasured(sample: UnmeasuredSample) -> dict[str, Any]:
    return {
        "number": sample.number,
        "state": "not_rerun" if sample.screened_distance is None else "screened",
        "values": _values(sample.values),
        "picture": _picture(sample.pictures),
        "short_run_distance": sample.screened_distance,
    }


def _drawn(sample: DrawnSample) -> dict[str, Any]:
    return {
        "number": sample.number,
        "state": "drawn",
        "values": _values(sample.values),
        "picture": _picture(sample.sample_pictures),
        "drawn": [_picture(pictures) for pictures in sample.drawn_pictures],
        "isolation": [decimal(value, 6) for value in sample.isolation],
    }


def _values(values: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """A list: the order of the prompt's variables means something, that of keys does not."""
    return [{"name": name, "value": value} for name, value in values]


def _picture(derivatives: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The widest public picture. Its name is its digest, so the report is bound to its bytes."""
    if not derivatives:
        return None
    widest = derivatives[-1]
    return {
        "path": f"/media/{widest['jpeg']}",
        "sha256": str(widest["jpeg"]).partition(".")[0],
        "width": widest["width"],
        "height": widest["height"],
    }


def _decision(report: Report) -> dict[str, Any] | None:
    """The path of the sequential test by sample number; None where none was recorded."""
    found = report.decision
    if not found.get("path"):
        return None
    return {
        "outcome": found["outcome"],
        "reason": found["reason"],
        "accept_at": decimal(found["accept_at"]),
        "reject_at": decimal(found["reject_at"]),
        "path": [
            {
                "sample": report.numbers.get(step["sample_id"]),
                "found": step["found"],
                "distance": step["distance"],
                "at_percent": _percent(step["share"]),
                "evidence": decimal(step["llr"]),
                "total": decimal(step["total"]),
            }
            for step in found["path"]
        ],
    }


def _drawing(report: Report) -> dict[str, Any] | None:
    """The test of exchangeability; what it rests on stands with each drawn sample."""
    drawing = report.drawing
    if drawing is None:
        return None
    return {
        "method": drawing.method,
        "outcome": report.decision["outcome"],
        "reason": report.decision["reason"],
        "evidence": decimal(drawing.total),
        "p_value": decimal(drawing.p_value, 4),
        "pictures_drawn": drawing.pictures,
    }


def _calibration(limits: Limits) -> dict[str, Any]:
    return {
        "version": limits.version,
        "calibrated": limits.calibrated,
        "made_on": limits.made_on or None,
        "scheduler_class": limits.scheduler_class or None,
        "reproduced_max": limits.reproduced_max,
        "grey_max": limits.grey_max,
        "of_bits": BITS,
        "colour_max": _optional(limits.colour_max),
        "colour_grey_max": _optional(limits.colour_grey_max),
        "rates": {name: decimal(rate, 6) for name, rate in limits.rates.items()},
    }


def _optional(number: float | None) -> str | None:
    return None if number is None else decimal(number, 2)


def _percent(share: float | None) -> int:
    """Of the steps; a picture that was finished was compared after all of them."""
    return 100 if share is None else round(share * 100)
