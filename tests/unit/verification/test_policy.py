"""From measurements to verdicts and findings."""

from __future__ import annotations

import pytest

from marketplace.verification.decision import Outcome
from marketplace.verification.policy import FoundCopy, Measured, findings_of, verdict_for
from marketplace.verification.similarity import Band
from marketplace.verification.states import Verdict

GOOD = Measured(1, Band.REPRODUCED, 2, 90)
GREY = Measured(2, Band.GREY, 44, 90)
MISS = Measured(3, Band.MISS, 121, 90)
STOLEN = FoundCopy(1, "same_picture", 6, "Paper fox", other_is_earlier=True)
LATER = FoundCopy(1, "same_picture", 6, "Paper fox", other_is_earlier=False)


@pytest.mark.parametrize(
    ("outcome", "copies", "verdict"),
    [
        (Outcome.REPRODUCED, [], Verdict.REPRODUCED),
        (Outcome.HUMAN, [], Verdict.INCONCLUSIVE),
        (Outcome.MISMATCH, [], Verdict.MISMATCH),
        (Outcome.REPRODUCED, [STOLEN], Verdict.COPIED),
        (Outcome.MISMATCH, [STOLEN], Verdict.COPIED),
        (Outcome.REPRODUCED, [LATER], Verdict.REPRODUCED),
    ],
)
def test_a_stolen_sample_outweighs_the_test(
    outcome: Outcome, copies: list[FoundCopy], verdict: Verdict
) -> None:
    assert verdict_for(outcome, copies) is verdict


def test_a_test_that_goes_on_has_no_verdict() -> None:
    with pytest.raises(ValueError, match="has not ended"):
        verdict_for(Outcome.CONTINUE, [])


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
