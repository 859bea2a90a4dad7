"""Samplers as A1111 and ComfyUI call them lead to the scheduler that is equal, or to none."""

import pytest

from marketplace.listings.sampler_names import SAMPLERS
from workers.engines.scheduler_names import scheduler_of
from workers.engines.scheduler_tables import (
    FLOW_SCHEDULERS,
    SCHEDULERS,
    Determinism,
    determinism_of,
)


@pytest.mark.parametrize(
    ("name", "schedule", "expected"),
    [
        ("DPM++ 2M", None, "dpmpp_2m"),
        ("DPM++ 2M Karras", None, "dpmpp_2m_karras"),
        ("DPM++ 2M", "Karras", "dpmpp_2m_karras"),
        ("DPM++ 2M", "Automatic", "dpmpp_2m_karras"),
        ("DPM++ 2M SDE", "Automatic", "dpmpp_2m_sde_exponential"),
        ("Euler", "Automatic", "euler"),
        ("DPM2 Karras", None, "dpm_2_karras"),
        ("DPM2 a", None, "dpm_2_a"),
        ("UniPC", "Uniform", "unipc"),
        ("PLMS", None, "plms"),
        ("dpmpp_2m", "karras", "dpmpp_2m_karras"),
        ("dpmpp_2m", "sgm_uniform", "dpmpp_2m_trailing"),
        ("uni_pc", "normal", "unipc"),
        ("dpm_2_ancestral", "exponential", "dpm_2_a_exponential"),
        ("euler_ancestral", "simple", "euler_a_trailing"),
        ("heun_karras", None, "heun_karras"),
        ("dpmpp_2m_k", None, "dpmpp_2m_karras"),
        ("k_euler_ancestral", "native", "euler_a"),
        ("kdpm_2", None, "dpm_2"),
    ],
)
def test_an_equal_is_found(name, schedule, expected):
    match = scheduler_of(name, schedule)
    assert match.name == expected
    assert match.determinism is SCHEDULERS[expected].determinism


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("DPM++ SDE Karras", None),
        ("DPM++ 2S a", "Karras"),
        ("DPM adaptive", None),
        ("DDIM CFG++", None),
        ("dpmpp_3m_sde_gpu", "karras"),
        ("Euler", "Align Your Steps"),
        ("ddim", "karras"),
        ("Euler a", "Karras"),
        ("no such sampler", None),
        ("", None),
    ],
)
def test_where_diffusers_has_no_equal_there_is_a_reason(name, schedule):
    match = scheduler_of(name, schedule)
    assert match.name is None
    assert match.determinism is Determinism.NONE
    assert match.note


def test_step_noise_is_a_class_of_its_own():
    noisy = {name for name, recipe in SCHEDULERS.items() if recipe.determinism is Determinism.SDE}
    assert {"euler_a", "dpm_2_a", "dpmpp_2m_sde", "lcm"} <= noisy
    assert not {"euler", "dpmpp_2m_karras", "ddim", "unipc", "heun", "plms"} & noisy
    assert determinism_of("euler_a") == "sde"
    assert determinism_of("euler") == "ode"
    assert determinism_of("dpm_adaptive") == "none"


def test_every_sampler_leads_to_a_solver_that_exists():
    solvers = {sampler.solver for sampler in SAMPLERS.values()} - {None}
    assert solvers <= SCHEDULERS.keys()
    assert FLOW_SCHEDULERS.keys() <= SCHEDULERS.keys()
