"""What drawing found, for reports on models without a seed. The run's decision holds it."""

from __future__ import annotations

from marketplace.listings.public import ordered_values
from marketplace.verification.distributional import LABEL
from marketplace.verification.models import VerificationRun
from marketplace.verification.report_parts import Drawing, DrawnSample


def is_drawn(run: VerificationRun) -> bool:
    """Whether pictures were drawn to compare with, rather than samples re-run one for one."""
    return (run.decision or {}).get("method") == LABEL


def drawing_of(run: VerificationRun, names: list[str]) -> Drawing | None:
    """The test of the listing's samples among drawn pictures; None for runs with seeds.

    Args:
        names: of the prompt's variables, in its order.
    """
    if not is_drawn(run):
        return None
    found = run.decision or {}
    samples = {sample.id: sample for sample in run.version.samples}
    drawn = [
        DrawnSample(
            number=samples[step["sample_id"]].position,
            values=ordered_values(samples[step["sample_id"]].values, names),
            alt=samples[step["sample_id"]].alt,
            sample_pictures=samples[step["sample_id"]].derivatives,
            drawn_pictures=step["draws"],
            isolation=step["isolation"],
        )
        for step in found["path"]
        if step["sample_id"] in samples
    ]
    return Drawing(found["calibration"]["version"], found["total"], found["p_value"], drawn)
