"""Completed runs on models without a seed, with the decision that workers record."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.listings.models import ListingVersion
from marketplace.listings.tiers import Tier
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunKind, Verdict
from tests.factories.proof import make_proof_run
from workers.runs.drawing import DRAWS, _as_dict


def make_drawn_run(
    session: Session, version: ListingVersion, compared: int = 3, kind: RunKind = RunKind.LISTING
) -> VerificationRun:
    """A run that drew pictures for the first samples; each sample stands in their midst."""
    version.target_model.tier = Tier.DISTRIBUTIONAL
    run = make_proof_run(session, version, [], Verdict.REPRODUCED, kind=kind)
    path = [
        {
            "sample_id": sample.id,
            "isolation": [1.0, 0.9, 1.1, 1.05, 0.95],
            "draws": [sample.derivatives] * DRAWS,
        }
        for sample in version.samples[:compared]
    ]
    decision = _as_dict(path, len(version.samples))
    run.decision = {**decision, "provenance": []}
    session.flush()
    return run
