"""What the machine advises follows from codes alone; no text is needed for it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from marketplace.moderation.recommendation import Advice, Evidence, recommend
from marketplace.moderation.states import REASON_TEXTS, ReasonCode
from marketplace.policy import Severity
from marketplace.policy.codes import reason_codes

HARD, SOFT, NOTE = Severity.HARD, Severity.SOFT, Severity.NOTE
GREEN = Evidence(proved=True, verdict="reproduced", policy_state="done")


def test_reasons_of_a_rejection_are_the_policys_closed_list() -> None:
    assert [code.value for code in ReasonCode] == [code.key for code in reason_codes()]
    for code in reason_codes():
        text = REASON_TEXTS[ReasonCode(code.key)]
        assert code.seller_text in text
        assert code.fix_hint in text


@pytest.mark.parametrize(
    ("change", "advice", "code"),
    [
        ({}, Advice.APPROVE, None),
        ({"findings": (("TOO_SIMPLE", NOTE),)}, Advice.APPROVE, None),
        ({"findings": (("SPAM", SOFT),)}, Advice.LOOK, None),
        ({"policy_state": "waiting"}, Advice.LOOK, None),
        ({"policy_state": "failed"}, Advice.LOOK, None),
        ({"proved": False, "verdict": "inconclusive"}, Advice.LOOK, None),
        ({"proved": False, "verdict": None}, Advice.LOOK, None),
        ({"proved": False, "verdict": "mismatch"}, Advice.REJECT, "SAMPLES_MISMATCH"),
        ({"proved": False, "verdict": "copied"}, Advice.REJECT, "SAMPLE_STOLEN"),
        ({"serious": ("SAMPLE_STOLEN",)}, Advice.REJECT, "SAMPLE_STOLEN"),
        ({"serious": ("RUN_NOTE",)}, Advice.APPROVE, None),
        ({"findings": (("THIRD_PARTY_IP", HARD),)}, Advice.REJECT, "THIRD_PARTY_IP"),
        (
            {"findings": (("THIRD_PARTY_IP", HARD), ("TOO_SPECIFIC", HARD))},
            Advice.REJECT,
            "TOO_SPECIFIC",
        ),
        (
            {"findings": (("SEXUAL", HARD), ("MINOR_SAFETY", HARD))},
            Advice.REJECT,
            "MINOR_SAFETY",
        ),
    ],
)
def test_advice(change: dict[str, Any], advice: Advice, code: str | None) -> None:
    found = recommend(dataclasses.replace(GREEN, **change))
    assert (found.advice, found.code) == (advice, code)
    assert found.reasons


def test_every_hard_reason_is_named() -> None:
    found = recommend(
        dataclasses.replace(GREEN, findings=(("SEXUAL", HARD), ("REAL_PERSON", HARD)))
    )
    assert len(found.reasons) == 2
    assert "name a real person" in found.reasons[1]
