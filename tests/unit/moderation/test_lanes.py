"""Which lane a case waits in and how risky it is: pure rules."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from marketplace.moderation.lanes import ANSWER_WITHIN, Facts, lane_of, risk_of
from marketplace.moderation.states import Lane

CALM = Facts(proved=True)


@pytest.mark.parametrize(
    ("change", "lane"),
    [
        ({}, Lane.NEW),
        ({"edit": True}, Lane.EDITS),
        ({"young": True, "edit": True}, Lane.YOUNG),
        ({"proved": False, "young": True}, Lane.UNCONFIRMED),
        ({"hard": 1, "proved": False}, Lane.SCANNER),
        ({"serious": 1}, Lane.SCANNER),
        ({"soft": 5}, Lane.NEW),
        ({"payment_risk": True, "hard": 2}, Lane.PAYMENT_RISK),
        ({"escalated": True, "payment_risk": True}, Lane.ESCALATED),
        ({"on_sale": True, "payment_risk": True}, Lane.REVERIFICATION),
        ({"on_sale": True, "reports": 1}, Lane.REPORTS),
        ({"on_sale": True, "reports": 1, "serious": 1}, Lane.SCANNER),
        ({"on_sale": True, "serious": 1, "escalated": True}, Lane.ESCALATED),
    ],
)
def test_the_gravest_trait_decides_the_lane(change: dict[str, Any], lane: Lane) -> None:
    assert lane_of(dataclasses.replace(CALM, **change)) is lane


def test_every_trait_adds_to_the_risk_and_it_stays_within_bounds() -> None:
    assert risk_of(CALM) == 0
    traits: dict[str, Any] = {"escalated": True, "payment_risk": True, "hard": 1, "serious": 1}
    traits |= {"reports": 1, "soft": 1, "young": True, "points": 1, "proved": False}
    for name, value in traits.items():
        assert risk_of(dataclasses.replace(CALM, **{name: value})) > 0, name
    worst = Facts(False, 99, 99, 99, True, True, True, True, 99)
    assert risk_of(worst) == 100


def test_every_lane_has_its_time() -> None:
    assert set(ANSWER_WITHIN) == set(Lane)
    assert ANSWER_WITHIN[Lane.ESCALATED] < ANSWER_WITHIN[Lane.SCANNER] < ANSWER_WITHIN[Lane.NEW]
