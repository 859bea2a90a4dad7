"""The written triage cases: enough of them, well-formed, and the advice still agrees."""

from __future__ import annotations

import pytest

from bench.triage.__main__ import Advised
from bench.triage.cases import HALVES, Written, read
from marketplace.moderation.recommendation import Advice, recommend
from marketplace.policy.codes import reason_codes

GOAL = 0.95


@pytest.fixture(scope="module")
def cases() -> list[Written]:
    return [case for half in HALVES for case in read(half)]


def test_there_are_enough_and_each_says_what_is_right(cases: list[Written]) -> None:
    assert len(cases) >= 200
    assert len({case.id for case in cases}) == len(cases)
    known = {code.key for code in reason_codes()}
    for case in cases:
        action = Advice(case.action)
        assert bool(case.codes) == (action in {Advice.REJECT, Advice.CHANGES}), case.id
        assert case.codes <= known, case.id
    told = {case.action for case in cases}
    assert told == {advice.value for advice in Advice}


def test_the_advice_agrees_as_often_as_promised(cases: list[Written]) -> None:
    agreed = sum(Advised(case, recommend(case.evidence)).agrees for case in cases)
    assert agreed / len(cases) >= GOAL
