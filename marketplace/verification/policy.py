"""From measurements to a verdict and to findings a moderator reads. Pure.

Bands come from similarity.py; here they are weighed for the listing as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.verification.calibration import Calibration, uncalibrated
from marketplace.verification.decision import Decision, Found, Outcome
from marketplace.verification.similarity import Band
from marketplace.verification.states import Verdict


@dataclass(frozen=True)
class Measured:
    """What the policy needs of one sample: its number from 1, band and deciding distance."""

    number: int
    band: Band
    distance: int
    quality: int


@dataclass(frozen=True)
class FoundCopy:
    """A sample that another listing already shows."""

    number: int
    kind: str
    distance: int
    other_title: str
    other_is_earlier: bool


@dataclass(frozen=True)
class FindingDraft:
    """A finding before it is stored. The explanation never quotes the prompt."""

    code: str
    severity: str
    field: str
    explanation: str


def verdict_for(outcome: Outcome, copies: Sequence[FoundCopy]) -> Verdict:
    """The verdict on a listing whose sequential test has ended; a stolen sample outweighs it.

    Raises:
        ValueError: while the test goes on.
    """
    if outcome is Outcome.CONTINUE:
        raise ValueError("the test has not ended")
    if any(copy.other_is_earlier for copy in copies):
        return Verdict.COPIED
    return {
        Outcome.REPRODUCED: Verdict.REPRODUCED,
        Outcome.MISMATCH: Verdict.MISMATCH,
        Outcome.HUMAN: Verdict.INCONCLUSIVE,
    }[outcome]


def decision_findings(decision: Decision, numbers: Mapping[str, int]) -> list[FindingDraft]:
    """What the test itself has to say: runs broken off early, samples not re-run, why a human.

    `numbers`: sample id → its number from 1.
    """
    findings = []
    latest = {step.observation.sample_id: step.observation for step in decision.path}
    for sample_id, seen in latest.items():
        if seen.found is Found.BROKEN_OFF:
            findings.append(
                FindingDraft(
                    "SAMPLES_MISMATCH",
                    "serious",
                    "samples",
                    f"The re-run of sample {numbers[sample_id]} was broken off after "
                    f"{seen.share:.0%} of its steps: {seen.distance} of 256 bits differed, more "
                    "than in any authentic run at that point.",
                )
            )
    if decision.outcome is Outcome.HUMAN:
        findings.append(FindingDraft("NOT_REPRODUCIBLE", "warning", "samples", decision.reason))
    return findings


def findings_of(
    measured: Sequence[Measured],
    copies: Sequence[FoundCopy],
    variable_count: int,
    prompt_sold_elsewhere: bool,
    calibration: Calibration | None = None,
) -> list[FindingDraft]:
    """Everything a moderator should be told, most serious first."""
    findings = []
    for copy in copies:
        severity = "serious" if copy.other_is_earlier else "info"
        age = "an earlier" if copy.other_is_earlier else "a later"
        how = {
            "same_file": "is the very same file as",
            "same_pixels": "has the very same pixels as",
            "mirrored": "is the mirror image of",
            "turned": "is a turned copy of",
            "part": "shows a part of",
            "framed": "contains, within something else,",
        }.get(copy.kind, "is the same picture as")
        findings.append(
            FindingDraft(
                "SAMPLE_STOLEN",
                severity,
                "samples",
                f"Sample {copy.number} {how} a sample of {age} listing by another seller, "
                f"“{copy.other_title}” (distance {copy.distance} of 256 bits).",
            )
        )
    if prompt_sold_elsewhere:
        findings.append(
            FindingDraft(
                "DUPLICATE",
                "serious",
                "prompt",
                "The same prompt text is already offered by another seller.",
            )
        )
    findings += _band_findings(measured, calibration or uncalibrated("", ""))
    if variable_count == 0:
        findings.append(
            FindingDraft(
                "TOO_SPECIFIC",
                "warning",
                "prompt",
                "The prompt has no variables: it makes one picture, not a family of pictures.",
            )
        )
    return findings


def _band_findings(measured: Sequence[Measured], limits: Calibration) -> list[FindingDraft]:
    findings = []
    missed = [item for item in measured if item.band is Band.MISS]
    grey = [item for item in measured if item.band is Band.GREY]
    if missed:
        findings.append(
            FindingDraft(
                "SAMPLES_MISMATCH",
                "serious",
                "samples",
                f"{_samples(missed)} not made by this prompt with the declared values and seed: "
                f"{_distances(missed)} of 256 bits differ (more than {limits.grey_max} is a miss).",
            )
        )
    if grey:
        findings.append(
            FindingDraft(
                "NOT_REPRODUCIBLE",
                "warning",
                "samples",
                f"{_samples(grey)} neither clearly reproduced nor clearly different: "
                f"{_distances(grey)} of 256 bits differ ({limits.reproduced_max} or fewer count as "
                "reproduced). Please compare by eye.",
            )
        )
    return findings


def _samples(items: Sequence[Measured]) -> str:
    numbers = ", ".join(str(item.number) for item in items)
    return f"Sample {numbers} was" if len(items) == 1 else f"Samples {numbers} were"


def _distances(items: Sequence[Measured]) -> str:
    return " and ".join(str(item.distance) for item in items)
