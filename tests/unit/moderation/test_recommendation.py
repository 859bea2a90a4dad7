"""What the machine advises follows from codes alone; no text is needed for it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from marketplace.moderation.recommendation import (
    Advice,
    Evidence,
    Noticed,
    Record,
    recommend,
)
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


def noticed(*found: tuple[str, Severity, str]) -> dict[str, Any]:
    return {"findings": tuple(Noticed(code, weight, field) for code, weight, field in found)}


def habit(rule: str, record: Record = Record()) -> dict[str, Any]:  # noqa: B008 (frozen)
    return {"findings": (Noticed("SPAM", SOFT, "listing", rule),), "record": record}


@pytest.mark.parametrize(
    ("change", "advice", "code"),
    [
        ({}, Advice.APPROVE, None),
        (noticed(("TOO_SIMPLE", NOTE, "template")), Advice.APPROVE, None),
        (noticed(("SPAM", SOFT, "description")), Advice.CHANGES, "SPAM"),
        (noticed(("DUPLICATE", SOFT, "samples")), Advice.LOOK, None),
        (noticed(("OFFENSIVE", SOFT, "title")), Advice.LOOK, None),
        ({"policy_state": "waiting"}, Advice.LOOK, None),
        ({"policy_state": "failed"}, Advice.LOOK, None),
        ({"proved": False, "verdict": "inconclusive"}, Advice.LOOK, None),
        ({"proved": False, "verdict": None}, Advice.LOOK, None),
        ({"proved": False, "verdict": "mismatch"}, Advice.REJECT, "SAMPLES_MISMATCH"),
        ({"proved": False, "verdict": "copied"}, Advice.REJECT, "SAMPLE_STOLEN"),
        ({"serious": ("SAMPLE_STOLEN",)}, Advice.REJECT, "SAMPLE_STOLEN"),
        ({"serious": ("RUN_NOTE",)}, Advice.APPROVE, None),
        ({"adherence": 39}, Advice.LOOK, None),
        ({"adherence": 40}, Advice.APPROVE, None),
        (noticed(("THIRD_PARTY_IP", HARD, "template")), Advice.REJECT, "THIRD_PARTY_IP"),
        (noticed(("THIRD_PARTY_IP", HARD, "tags.1")), Advice.CHANGES, "THIRD_PARTY_IP"),
        (noticed(("MINOR_SAFETY", HARD, "title")), Advice.REJECT, "MINOR_SAFETY"),
        (
            noticed(("THIRD_PARTY_IP", SOFT, "template"), ("TOO_SPECIFIC", SOFT, "template")),
            Advice.REJECT,
            "THIRD_PARTY_IP",
        ),
        (
            noticed(("THIRD_PARTY_IP", HARD, "template"), ("TOO_SPECIFIC", HARD, "template")),
            Advice.REJECT,
            "TOO_SPECIFIC",
        ),
        (
            noticed(("SEXUAL", HARD, "template"), ("MINOR_SAFETY", HARD, "template")),
            Advice.REJECT,
            "MINOR_SAFETY",
        ),
        (habit("habits.pace"), Advice.LOOK, None),
        (habit("habits.pace", Record(live=3)), Advice.APPROVE, None),
        (habit("habits.pace", Record(age_days=30)), Advice.APPROVE, None),
        (habit("habits.structure", Record(live=99)), Advice.CHANGES, "SPAM"),
    ],
)
def test_advice(change: dict[str, Any], advice: Advice, code: str | None) -> None:
    found = recommend(dataclasses.replace(GREEN, **change))
    assert (found.advice, found.code) == (advice, code)
    assert found.reasons


def test_every_hard_reason_is_named() -> None:
    found = recommend(
        dataclasses.replace(
            GREEN,
            **noticed(("SEXUAL", HARD, "template"), ("REAL_PERSON", HARD, "template")),
        )
    )
    assert len(found.reasons) == 2
    assert "name a real person" in found.reasons[1]
