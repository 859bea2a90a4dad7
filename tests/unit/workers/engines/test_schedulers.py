"""Each scheduler name means one exact configuration, and keeps what the model was trained with."""

import inspect

import pytest

from tests.late import Late
from workers.engines.contract import EngineRefused
from workers.engines.registry import HOUSE_CAPABILITY
from workers.engines.scheduler_tables import FLOW_SCHEDULERS, SCHEDULERS

diffusers = Late("diffusers")
quiet = Late("workers.engines.quiet")
schedulers = Late("workers.engines.schedulers")

V_PREDICTION = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": True,
}


@pytest.fixture(autouse=True)
def quiet_libraries():
    """As the engine does before it builds a scheduler."""
    quiet.silence_model_libraries()


def build(name, config):
    return schedulers.build_scheduler(name, config)


def digest(scheduler):
    return schedulers.config_sha256(scheduler)


def house_config():
    return dict(diffusers.DPMSolverMultistepScheduler(**V_PREDICTION).config)


@pytest.mark.parametrize("name", sorted(HOUSE_CAPABILITY.schedulers))
def test_what_the_model_was_trained_with_is_kept(name):
    config = build(name, house_config()).config
    assert {key: config[key] for key in V_PREDICTION} == V_PREDICTION


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_pinned_settings_win(name):
    leaky = house_config() | {"use_karras_sigmas": True, "clip_sample": True, "thresholding": True}
    leaky |= {"set_alpha_to_one": False, "rescale_betas_zero_snr": False}
    scheduler = build(name, leaky)
    recipe = SCHEDULERS[name]
    assert type(scheduler).__name__ == recipe.class_name
    pinned = {**recipe.pinned, **(recipe.classic or {})}
    assert {key: scheduler.config[key] for key in pinned} == pinned


def test_every_argument_that_decides_pixels_is_pinned_or_trained_with():
    # What is left to a class's default may change with a release of diffusers.
    free = {"dynamic_thresholding_ratio", "sample_max_value", "clip_sample_range", "flow_shift"}
    free |= {"lambda_min_clipped", "solver_p", "use_dynamic_shifting", "time_shift_type"}
    free |= {"sigma_min", "sigma_max", "shift_terminal", "set_alpha_to_one"}
    for name, recipe in SCHEDULERS.items():
        arguments = set(
            inspect.signature(getattr(diffusers, recipe.class_name).__init__).parameters
        )
        trained = {"num_train_timesteps", "beta_start", "beta_end", "beta_schedule"}
        trained |= {"trained_betas", "prediction_type", "rescale_betas_zero_snr", "self"}
        open_ = arguments - trained - free - set(recipe.pinned) - set(recipe.classic or {})
        assert not open_, f"{name}: {open_}"


def test_ddim_ends_where_its_spacing_ends():
    classic = build("ddim", dict(diffusers.PNDMScheduler(beta_schedule="scaled_linear").config))
    assert classic.config["set_alpha_to_one"] is False
    assert (classic.config["timestep_spacing"], classic.config["steps_offset"]) == ("leading", 1)
    ours = build("ddim", house_config() | {"set_alpha_to_one": False})
    assert ours.config["set_alpha_to_one"] is True
    assert ours.config["timestep_spacing"] == "trailing"


@pytest.mark.parametrize("name", FLOW_SCHEDULERS)
def test_a_flow_model_gets_a_flow_scheduler(name):
    config = dict(diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0).config)
    scheduler = build(name, config)
    assert isinstance(scheduler, diffusers.FlowMatchEulerDiscreteScheduler)
    assert scheduler.config["shift"] == 3.0
    assert scheduler.config["use_karras_sigmas"] is (name == "euler_karras")


def test_ddim_does_not_clip_latents():
    assert build("ddim", house_config()).config["clip_sample"] is False


def test_karras_is_the_only_difference_between_the_two_dpmpp_2m():
    plain = build("dpmpp_2m", house_config()).config
    karras = build("dpmpp_2m_karras", house_config()).config
    public = [key for key in plain if not key.startswith("_")]
    assert [key for key in public if plain[key] != karras[key]] == ["use_karras_sigmas"]


def test_a_value_equal_to_the_old_default_is_carried_over():
    # PNDM trained with its defaults says nothing of them in its configuration when converted.
    config = dict(diffusers.PNDMScheduler().config)
    built = build("ddim", config).config
    assert built["beta_schedule"] == config["beta_schedule"]
    assert built["num_train_timesteps"] == config["num_train_timesteps"]


def test_a_new_object_every_time():
    config = house_config()
    assert build("unipc", config) is not build("unipc", config)


def test_an_unknown_name_is_refused():
    with pytest.raises(EngineRefused, match="'restart' is not one of"):
        build("restart", house_config())


@pytest.mark.parametrize("name", ["heun", "lms", "plms", "dpm_2", "deis"])
def test_a_scheduler_that_cannot_honour_the_training_is_refused(name):
    # They have no notion of a zero terminal signal-to-noise ratio.
    with pytest.raises(EngineRefused, match="cannot honour the model's rescale_betas_zero_snr"):
        build(name, house_config())


def test_the_digest_follows_the_configuration():
    one, same = (build("euler", house_config()) for _ in range(2))
    other = build("euler", house_config() | {"beta_end": 0.02})
    assert digest(one) == digest(same) != digest(other)
