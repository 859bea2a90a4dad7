"""Previews show what the run is going to be, cost no evaluation and change no pixel."""

import numpy as np
import pytest

from tests.factories.generation import generation_request
from workers.engines.contract import EngineInterrupted, preview_steps
from workers.engines.scheduler_tables import SCHEDULERS

SHOWING = ["dpmpp_2m", "dpmpp_2m_karras", "euler", "ddim", "unipc"]


def pixels(image):
    return np.asarray(image, dtype=int)


@pytest.mark.parametrize("scheduler", SHOWING)
def test_watching_changes_no_pixel_and_costs_no_evaluation(toy_engine, scheduler):
    request = generation_request(scheduler=scheduler, steps=6)
    plain = toy_engine.generate(request)
    seen = []
    watched = toy_engine.generate(request, None, lambda preview: seen.append(preview) or True)
    assert watched.image.tobytes() == plain.image.tobytes()
    assert watched.evaluations == plain.evaluations == 12
    assert [(preview.step, preview.share) for preview in seen] == [(2, 0.3), (3, 0.5), (4, 0.7)]
    assert {(preview.steps, preview.image.size) for preview in seen} == {(6, (64, 64))}


def test_previews_differ_from_one_another_and_from_the_end(toy_engine):
    seen = []
    request = generation_request(steps=10)
    last = toy_engine.generate(request, None, lambda preview: seen.append(preview.image) or True)
    pictures = {image.tobytes() for image in [*seen, last.image]}
    assert len(pictures) == 4


# The prediction after the last step is the result itself, so it shows whether it is read rightly.
# On the SDXL toy, whose noise schedule every scheduler can follow.
@pytest.mark.parametrize(
    "scheduler",
    ["dpmpp_2m", "dpmpp_2m_sde", "euler", "euler_a", "heun", "lms", "dpm_2", "unipc", "lcm"],
)
def test_the_last_prediction_is_the_result(sdxl_engine, scheduler, monkeypatch):
    monkeypatch.setattr("workers.engines.watch.preview_steps", lambda steps: {steps: 0.7})
    seen = []
    request = generation_request(scheduler=scheduler)
    result = sdxl_engine.generate(request, None, lambda preview: seen.append(preview) or True)
    assert [preview.step for preview in seen] == [3]
    assert np.abs(pixels(seen[0].image) - pixels(result.image)).max() <= 1


def test_flux_predictions_are_read_rightly(flux_engine, monkeypatch):
    monkeypatch.setattr("workers.engines.watch.preview_steps", lambda steps: {steps: 0.7})
    seen = []
    request = generation_request(scheduler="euler")
    result = flux_engine.generate(request, None, lambda preview: seen.append(preview) or True)
    assert np.abs(pixels(seen[0].image) - pixels(result.image)).max() <= 1


def test_a_scheduler_whose_prediction_cannot_be_read_shows_none(sdxl_engine):
    assert SCHEDULERS["deis"].x0 is None
    seen = []
    sdxl_engine.generate(
        generation_request(scheduler="deis"), None, lambda preview: seen.append(preview) or True
    )
    assert seen == []


def test_a_listener_that_says_no_ends_the_run(toy_engine):
    with pytest.raises(EngineInterrupted) as stopped:
        toy_engine.generate(generation_request(steps=10), None, lambda preview: False)
    assert stopped.value.evaluations == 6
    assert stopped.value.code == "INTERRUPTED"
    assert toy_engine.generate(generation_request()).evaluations == 6  # fit for the next run


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (1, {}),
        (2, {1: 0.5}),
        (3, {1: 0.3, 2: 0.7}),
        (4, {1: 0.3, 2: 0.5, 3: 0.7}),
        (20, {6: 0.3, 10: 0.5, 14: 0.7}),
    ],
)
def test_the_steps_nearest_to_the_shares(steps, expected):
    assert preview_steps(steps) == expected
