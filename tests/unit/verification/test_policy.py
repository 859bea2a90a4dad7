"""From measurements to verdicts and findings."""

from __future__ import annotations

import pytest

from marketplace.verification.policy import FoundCopy, Measured, findings_of, verdict_of
from marketplace.verification.similarity import Band
from marketplace.verification.states import Verdict

GOOD = Measured(1, Band.REPRODUCED, 2, 90)
GREY = Measured(2, Band.GREY, 44, 90)
MISS = Measured(3, Band.MISS, 121, 90)
STOLEN = FoundCopy(1, "same_picture", 6, "Paper fox", other_is_earlier=True)
LATER = FoundCopy(1, "same_picture", 6, "Paper fox", other_is_earlier=False)


@pytest.mark.parametrize(
    ("measured", "copies", "verdict"),
    [
        ([GOOD, GOOD], [], Verdict.REPRODUCED),
        ([GOOD, GREY], [], Verdict.INCONCLUSIVE),
        ([GOOD, GREY, MISS], [], Verdict.MISMATCH),
        ([GOOD], [STOLEN], Verdict.COPIED),
        ([MISS], [STOLEN], Verdict.COPIED),
        ([GOOD], [LATER], Verdict.REPRODUCED),
    ],
)
def test_one_bad_sample_is_enough(
    measured: list[Measured], copies: list[FoundCopy], verdict: Verdict
) -> None:
    assert verdict_of(measured, copies) is verdict


def test_nothing_measured_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        verdict_of([], [])


def test_findings_name_the_sample_and_the_numbers() -> None:
    found = {f.code: f for f in findings_of([GOOD, GREY, MISS], [STOLEN], 0, True)}
    assert set(found) == {
        "SAMPLE_STOLEN",
        "DUPLICATE",
        "SAMPLES_MISMATCH",
        "NOT_REPRODUCIBLE",
        "TOO_SPECIFIC",
    }
    assert "Sample 3 was not made by this prompt" in found["SAMPLES_MISMATCH"].explanation
    assert "121 of 256" in found["SAMPLES_MISMATCH"].explanation
    assert "44 of 256" in found["NOT_REPRODUCIBLE"].explanation
    assert "earlier listing by another seller, “Paper fox”" in found["SAMPLE_STOLEN"].explanation


def test_an_honest_listing_has_no_findings() -> None:
    assert findings_of([GOOD], [], 2, False) == []
