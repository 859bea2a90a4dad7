"""What a model's maker says of the samples' files, in words for a moderator. It decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from marketplace.verification.models import VerificationRun

NAMES = {"c2pa": "C2PA manifest", "synthid": "SynthID watermark"}


def provenance_lines(session: Session, run_id: str | None) -> list[str]:
    """One line for each sample, by number; empty where the engine knows no such check.

    A signal says which model made a picture, never from which prompt; its absence says nothing.
    """
    run = session.get(VerificationRun, run_id) if run_id else None
    found = (run.decision or {}).get("provenance") if run else None
    if run is None or not found:
        return []
    numbers = {sample.id: sample.position for sample in run.version.samples}
    known = [(numbers[one["sample_id"]], one) for one in found if one["sample_id"] in numbers]
    return [
        f"Sample {number}: {_in_words(one['signals'])}."
        for number, one in sorted(known, key=lambda pair: pair[0])
    ]


def _in_words(signals: list[Mapping[str, Any]] | None) -> str:
    if signals is None:
        return "the model's maker could not be asked"
    seen = [_signal(signal) for signal in signals if signal["detected"]]
    return "; ".join(seen) or "no mark of the model's maker found, which says nothing"


def _signal(signal: Mapping[str, Any]) -> str:
    parts = [NAMES.get(signal["kind"], signal["kind"])]
    if signal.get("trusted") is not None:
        parts.append("trusted signature" if signal["trusted"] else "signature not trusted")
    if signal.get("model"):
        parts.append(f"by {signal['model']}")
    if signal.get("generated_at"):
        parts.append(f"made {signal['generated_at']}")
    return ", ".join(parts)
