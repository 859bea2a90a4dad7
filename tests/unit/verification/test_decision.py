"""The sequential rule: when it stops, what it asks for next, and what it never does."""

from __future__ import annotations

import json
import random
from itertools import combinations

import pytest

from marketplace.verification.calibration import uncalibrated
from marketplace.verification.decision import (
    Decision,
    Found,
    Look,
    Observation,
    Outcome,
    breaks_off,
    combine,
    observations_from,
)
from marketplace.verification.sprt import sample_order
from tests.factories.calibration import calibration

IDS = ["a", "b", "c", "d"]


def feed(decision: Decision, *found: Found) -> Outcome:
    """Answer each task with the next finding."""
    for item in found:
        task = decision.next_task()
        assert task is not None
        decision.record(Observation(task.sample_id, item, 40, 1.0))
    return decision.outcome


def test_two_matches_then_the_rest_is_screened():
    decision = Decision(calibration(), IDS, 20)
    assert feed(decision, Found.REPRODUCED) is Outcome.CONTINUE
    assert decision.next_task().look is Look.FULL
    feed(decision, Found.REPRODUCED)
    assert decision.next_task().look is Look.SCREEN
    assert feed(decision, Found.SCREENED) is Outcome.CONTINUE
    assert feed(decision, Found.SCREENED) is Outcome.REPRODUCED
    assert decision.next_task() is None
    assert "2 samples re-run in full match; 2 more" in decision.reason


def test_one_full_miss_ends_it_however_good_the_rest():
    assert feed(Decision(calibration(), IDS, 20), Found.MISS) is Outcome.MISMATCH
    rest = (Found.REPRODUCED, Found.REPRODUCED, Found.SCREENED, Found.SUSPECT, Found.MISS)
    assert feed(Decision(calibration(), IDS, 20), *rest) is Outcome.MISMATCH


def test_two_runs_broken_off_early_reject():
    decision = Decision(calibration(), IDS, 20)
    assert feed(decision, Found.BROKEN_OFF) is Outcome.CONTINUE
    assert feed(decision, Found.BROKEN_OFF) is Outcome.MISMATCH
    assert decision.next_task() is None


def test_one_broken_off_run_among_matches_is_looked_at_again_to_the_end():
    decision = Decision(calibration(), IDS, 20)
    feed(decision, Found.BROKEN_OFF, Found.REPRODUCED)
    task = decision.next_task()
    assert (task.sample_id, task.look) == ("a", Look.CONFIRM)
    assert feed(decision, Found.MISS) is Outcome.MISMATCH

    cleared = Decision(calibration(), IDS, 20)
    feed(cleared, Found.BROKEN_OFF, Found.REPRODUCED, Found.REPRODUCED)
    assert cleared.outcome is Outcome.CONTINUE
    assert cleared.next_task().sample_id == "c"


def test_a_lone_sample_broken_off_is_confirmed_before_it_counts():
    decision = Decision(calibration(), ["a"], 20)
    assert feed(decision, Found.BROKEN_OFF) is Outcome.CONTINUE
    assert decision.next_task().look is Look.CONFIRM


def test_grey_asks_for_one_further_sample_and_then_a_person():
    decision = Decision(calibration(), IDS, 20)
    assert feed(decision, Found.GREY) is Outcome.CONTINUE
    assert decision.next_task().look is Look.FULL
    assert feed(decision, Found.REPRODUCED) is Outcome.HUMAN
    assert "close, but not close enough" in decision.reason


def test_the_further_sample_may_still_unmask_it():
    assert feed(Decision(calibration(), IDS, 20), Found.GREY, Found.MISS) is Outcome.MISMATCH


def test_a_screening_that_turns_grey_goes_to_a_person():
    seen = (Found.REPRODUCED, Found.REPRODUCED, Found.SUSPECT, Found.GREY, Found.REPRODUCED)
    assert feed(Decision(calibration(), IDS, 20), *seen) is Outcome.HUMAN


def test_without_calibration_every_sample_is_run_in_full():
    decision = Decision(uncalibrated("x", "y"), IDS, 20)
    for _ in IDS:
        assert decision.outcome is Outcome.CONTINUE
        assert decision.next_task().look is Look.FULL
        feed(decision, Found.REPRODUCED)
    assert decision.outcome is Outcome.REPRODUCED
    assert "All 4" in decision.reason


def test_previews_may_break_off_a_full_look_and_nothing_else():
    record = calibration()
    broken = [(look, d) for look in Look for d in (0, 90, 91) if breaks_off(record, look, 0.3, d)]
    assert broken == [(Look.FULL, 91)]


def test_a_sample_that_fails_its_short_run_is_run_in_full():
    decision = Decision(calibration(), IDS, 20)
    feed(decision, Found.REPRODUCED, Found.REPRODUCED, Found.SUSPECT)
    task = decision.next_task()
    assert (task.sample_id, task.look) == ("c", Look.FULL)
    feed(decision, Found.REPRODUCED)
    assert (decision.next_task().sample_id, decision.next_task().look) == ("d", Look.SCREEN)
    assert feed(decision, Found.SUSPECT, Found.MISS) is Outcome.MISMATCH


@pytest.mark.parametrize(
    ("tried", "found"),
    [
        ([Found.BROKEN_OFF, Found.REPRODUCED], Found.REPRODUCED),
        ([Found.MISS, Found.GREY], Found.GREY),
        ([Found.MISS, Found.BROKEN_OFF], Found.BROKEN_OFF),
        ([Found.MISS, Found.MISS], Found.MISS),
    ],
)
def test_the_noise_hypothesis_that_explains_the_sample_counts(tried, found):
    assert combine(tried) is found
    assert combine(reversed(tried)) is found


def test_too_few_steps_leave_no_room_for_a_short_run():
    decision = Decision(calibration(), IDS, 5)
    feed(decision, Found.REPRODUCED, Found.REPRODUCED)
    assert decision.next_task().look is Look.FULL


def test_screened_samples_alone_never_accept():
    decision = Decision(calibration(), IDS, 20)
    with pytest.raises(ValueError, match="do not find screened"):
        feed(decision, Found.SCREENED)


def test_only_the_sample_that_was_asked_for_may_be_recorded():
    decision = Decision(calibration(), IDS, 20)
    with pytest.raises(ValueError, match="not asked for"):
        decision.record(Observation("b", Found.REPRODUCED, 0))


def test_a_run_taken_over_goes_on_where_it_stood():
    decision = Decision(calibration(), IDS, 20)
    feed(decision, Found.BROKEN_OFF, Found.REPRODUCED, Found.REPRODUCED)
    data = json.loads(json.dumps(decision.as_dict()))
    again = Decision.restore(calibration(), IDS, 20, observations_from(data["path"]))
    assert again.as_dict() == decision.as_dict()
    assert again.next_task() == decision.next_task()


def test_the_path_adds_up():
    record = calibration()
    decision = Decision(record, IDS, 20)
    feed(decision, Found.REPRODUCED, Found.REPRODUCED, Found.SCREENED)
    totals = [step.total for step in decision.path]
    assert totals == pytest.approx([record.match_llr, 2 * record.match_llr, 2 * record.match_llr])


@pytest.mark.parametrize("order", [[], ["a", "a"]])
def test_an_order_names_each_sample_once(order):
    with pytest.raises(ValueError, match="once"):
        Decision(calibration(), order, 20)


@pytest.mark.parametrize("count", range(3, 10))
def test_it_always_ends_whatever_is_found(count):
    ids = [str(n) for n in range(count)]
    for seed in range(200):
        rng = random.Random(seed)
        decision = Decision(calibration(), sample_order(str(seed).encode(), ids), 20)
        looks = 0
        while (task := decision.next_task()) is not None:
            choices = [Found.REPRODUCED] * 4 + [Found.GREY, Found.MISS]
            choices += [Found.BROKEN_OFF] if task.look is Look.FULL else []
            if task.look is Look.SCREEN:
                choices = [Found.SCREENED] * 3 + [Found.SUSPECT]
            decision.record(Observation(task.sample_id, rng.choice(choices), 40))
            looks += 1
        assert decision.outcome is not Outcome.CONTINUE
        assert looks <= 3 * count


@pytest.mark.parametrize(("samples", "fakes"), [(4, 1), (7, 5)])
def test_a_mixed_listing_passes_only_where_every_fake_is_let_off(samples, fakes):
    """Fakes always miss in full and always slip past the screening: the worst a preview can do.

    Accepted then exactly when both full looks fall on authentic samples.
    """
    ids = [str(n) for n in range(samples)]
    accepted = 0
    pairs = list(combinations(ids, 2))
    for first_two in pairs:
        order = [*first_two, *(name for name in ids if name not in first_two)]
        decision = Decision(calibration(), order, 20)
        while (task := decision.next_task()) is not None:
            fake = int(task.sample_id) < fakes
            screened = task.look is Look.SCREEN
            found = Found.SCREENED if screened else Found.MISS if fake else Found.REPRODUCED
            decision.record(Observation(task.sample_id, found, 40))
        accepted += decision.outcome is Outcome.REPRODUCED
    honest = samples - fakes
    assert accepted == honest * (honest - 1) // 2
    assert accepted < len(pairs)
