"""The journeys that also run against Stripe's sandbox, and the comparison of what they met."""

import pytest

from local.stripe import sandbox
from local.stripe.journeys import JOURNEYS
from tests.unit.local.stripe.till import in_memory


def test_the_emulator_walks_every_journey_like_itself():
    one, two = in_memory(seed=1), in_memory(seed=2)
    results = sandbox.run(one.client(), two.client(), "check")
    assert [result.journey for result in results] == list(JOURNEYS)
    assert [(r.error, r.differences) for r in results] == [(None, [])] * len(JOURNEYS)
    assert min(result.objects for result in results) >= 1


def test_refusals_are_what_they_are_called():
    met = JOURNEYS["decline"](in_memory().client(), "m")
    error = met["refusal: declined card"]
    assert (error["http_status"], error["type"], error["code"]) == (
        402,
        "card_error",
        "card_declined",
    )
    assert error["payment_intent"]["status"] == "requires_payment_method"
    met = JOURNEYS["idempotency"](in_memory().client(), "m")
    assert met["refusal: key used again"]["type"] == "idempotency_error"


def test_differences_are_named_both_ways():
    ours = {"id": 1, "a": {"b": 1}, "none": None, "list": [{"x": 1}]}
    theirs = {"id": 2, "a": {"c": 1}, "none": {"deep": 1}, "list": [{"x": 1, "y": 2}]}
    assert sandbox.differences("thing", ours, theirs) == [
        "thing: Stripe has a.c, the emulator has not",
        "thing: Stripe has list[].y, the emulator has not",
        "thing: the emulator has a.b, Stripe has not",
    ]
    assert sandbox.differences("r", {"http_status": 400}, {"http_status": 200}) == [
        "r: status 400, Stripe's 200"
    ]


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x", "pk_test_x", "x"])
def test_no_live_key_is_ever_used(key, monkeypatch, capsys):
    monkeypatch.setenv(sandbox.KEY_VARIABLE, key)
    assert sandbox.main() == 2
    captured = capsys.readouterr()
    assert "never a live key" in captured.err
    assert key not in captured.out


def test_without_a_key_only_the_emulator_is_asked(monkeypatch, capsys):
    monkeypatch.delenv(sandbox.KEY_VARIABLE, raising=False)
    assert sandbox.main() == 0
    said = capsys.readouterr().out
    assert "the emulator alone" in said
    assert f"set\n{sandbox.KEY_VARIABLE} to a test key" in said
    assert "a live key is refused" in said
