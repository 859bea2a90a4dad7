"""Records: limits, evidence per look, reading and writing, and what happens without one."""

from __future__ import annotations

import json
import math

import pytest

from marketplace.verification.calibration import (
    UNCALIBRATED,
    Calibration,
    Golden,
    Rates,
    all_calibrations,
    calibration_for,
    load_records,
    share_key,
)
from marketplace.verification.similarity import Band
from tests.factories.calibration import calibration


@pytest.mark.parametrize(
    ("distance", "band"),
    [
        (0, Band.REPRODUCED),
        (20, Band.REPRODUCED),
        (21, Band.GREY),
        (60, Band.GREY),
        (61, Band.MISS),
    ],
)
def test_bands_come_from_the_record(distance, band):
    assert calibration().band_of(distance) is band


def test_a_preview_rejects_above_its_limit_only_and_only_where_measured():
    record = calibration()
    assert not record.preview_rejects(0.3, 90)
    assert record.preview_rejects(0.3, 91)
    assert record.preview_rejects(0.7, 51)
    assert not record.preview_rejects(0.4, 256)


def test_evidence_is_bounded_by_what_was_measured_and_never_below_the_floor():
    record = calibration()
    assert record.match_llr == pytest.approx(math.log(0.995 / 0.01))
    assert record.miss_llr == pytest.approx(math.log(0.01 / 0.999))
    assert record.early_reject_llr == pytest.approx(math.log(0.01 / 0.9))
    weaker = calibration(rates=Rates(0.9, 0.2, 0.05, 0.5))
    assert weaker.match_llr == pytest.approx(math.log(0.9 / 0.2))


def test_a_record_survives_its_file(tmp_path):
    record = calibration(
        golden=(Golden("a fox", 7, "dpmpp_2m", 10, 4.0, "ab" * 32),),
        golden_max=6,
        evidence={"positives": 12},
    )
    (tmp_path / "one.json").write_text(json.dumps(record.as_dict()))
    assert load_records(tmp_path) == {("house", "DPMSolverMultistepScheduler"): record}


@pytest.mark.parametrize(
    "changes",
    [
        {"reproduced_max": 61},
        {"grey_max": 257},
        {"screen": {"share": 0.2}},
        {"rates": {"match_if_authentic": 1.0}},
    ],
)
def test_a_record_that_is_not_whole_is_refused(changes):
    with pytest.raises((ValueError, KeyError, TypeError)):
        Calibration.from_dict(calibration().as_dict() | changes)


def test_without_a_record_nothing_is_decided_early():
    record = calibration_for("nobody/nothing", "EulerDiscreteScheduler")
    assert record.version == UNCALIBRATED
    assert not record.calibrated
    assert (record.reproduced_max, record.grey_max) == (31, 70)
    assert record.screen is None
    assert not record.preview_rejects(0.3, 256)


def test_the_shipped_records_are_whole_and_found():
    for record in all_calibrations():
        assert record.calibrated
        assert len(record.golden) > 0
        assert record.reproduced_max < record.grey_max
        assert calibration_for(record.engine_source, record.scheduler_class) == record
        other = calibration_for(record.engine_source, record.scheduler_class, "0" * 64)
        assert not other.calibrated
        assert calibration_for(
            record.engine_source, record.scheduler_class, record.weights_sha256
        ).calibrated


def test_the_summary_is_public_and_short():
    summary = calibration(golden=(Golden("secret words", 7, "ddim", 10, 4.0, "00" * 32),)).summary()
    assert "secret words" not in json.dumps(summary)
    assert (summary["reproduced_max"], summary["grey_max"]) == (20, 60)


@pytest.mark.parametrize(
    ("declared", "steps"), [(50, 10), (20, 4), (10, 3), (6, 3), (5, None), (1, None)]
)
def test_a_short_run_is_short_or_not_worth_it(declared, steps):
    assert calibration().screen.steps(declared) == steps


def test_a_short_run_must_agree_in_form_and_colour():
    screen = calibration().screen
    assert screen.passes(50, 8.0)
    assert not screen.passes(51, 0.0)
    assert not screen.passes(0, 8.1)


def test_colour_bands_come_from_the_record():
    record = calibration(colour_max=1.5, colour_grey_max=3.0)
    bands = [record.colour_band_of(value) for value in (1.5, 1.6, 3.1)]
    assert bands == [Band.REPRODUCED, Band.GREY, Band.MISS]
    assert calibration().colour_band_of(99.0) is Band.REPRODUCED


def test_shares_have_one_spelling():
    assert [share_key(share) for share in (0.3, 0.5, 0.7)] == ["0.3", "0.5", "0.7"]
