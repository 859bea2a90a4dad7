"""Each scheduler name means one exact configuration, and keeps what the model was trained with."""

import pytest
from diffusers import DPMSolverMultistepScheduler, PNDMScheduler

from workers.engines.contract import EngineRefused
from workers.engines.schedulers import SCHEDULERS, SchedulerRecipe, build_scheduler, config_sha256

V_PREDICTION = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": True,
}


def house_config():
    return dict(DPMSolverMultistepScheduler(**V_PREDICTION).config)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_what_the_model_was_trained_with_is_kept(name):
    config = build_scheduler(name, house_config()).config
    assert {key: config[key] for key in V_PREDICTION} == V_PREDICTION


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_pinned_settings_win(name):
    leaky = house_config() | {"use_karras_sigmas": True, "clip_sample": True, "thresholding": True}
    scheduler = build_scheduler(name, leaky)
    recipe = SCHEDULERS[name]
    assert type(scheduler).__name__ == recipe.class_name
    assert {key: scheduler.config[key] for key in recipe.pinned} == recipe.pinned


def test_ddim_does_not_clip_latents():
    assert build_scheduler("ddim", house_config()).config["clip_sample"] is False


def test_karras_is_the_only_difference_between_the_two_dpmpp_2m():
    plain = build_scheduler("dpmpp_2m", house_config()).config
    karras = build_scheduler("dpmpp_2m_karras", house_config()).config
    public = [key for key in plain if not key.startswith("_")]
    assert [key for key in public if plain[key] != karras[key]] == ["use_karras_sigmas"]


def test_a_value_equal_to_the_old_default_is_carried_over():
    # PNDM trained with its defaults says nothing of them in its configuration when converted.
    config = dict(PNDMScheduler().config)
    built = build_scheduler("ddim", config).config
    assert built["beta_schedule"] == config["beta_schedule"]
    assert built["num_train_timesteps"] == config["num_train_timesteps"]


def test_a_new_object_every_time():
    config = house_config()
    assert build_scheduler("unipc", config) is not build_scheduler("unipc", config)


def test_an_unknown_name_is_refused():
    with pytest.raises(EngineRefused, match="'plms' is not one of"):
        build_scheduler("plms", house_config())


def test_a_scheduler_that_cannot_honour_the_training_is_refused(monkeypatch):
    # PNDM has no notion of a zero terminal signal-to-noise ratio.
    recipes = {"pndm": SchedulerRecipe("PNDMScheduler", {})}
    monkeypatch.setattr("workers.engines.schedulers.SCHEDULERS", recipes)
    with pytest.raises(EngineRefused, match="cannot honour the model's rescale_betas_zero_snr"):
        build_scheduler("pndm", house_config())
    assert build_scheduler("pndm", house_config() | {"rescale_betas_zero_snr": False})


def test_the_digest_follows_the_configuration():
    one, same = (build_scheduler("euler", house_config()) for _ in range(2))
    other = build_scheduler("euler", house_config() | {"beta_end": 0.02})
    assert config_sha256(one) == config_sha256(same) != config_sha256(other)
