"""Scheduler names as listings declare them, and the exact diffusers object each one means.

All of them solve the ODE, so a seed decides the image; samplers that add noise at every step
are left out until the whole noise stream can be reproduced.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.engines.contract import EngineRefused


@dataclass(frozen=True, slots=True)
class SchedulerRecipe:
    """A diffusers class by name and the settings that the scheduler's name stands for."""

    class_name: str
    pinned: Mapping[str, Any]


# Settings that a pipeline's own configuration must not leak into another sampler.
_PLAIN_SIGMAS = {"use_karras_sigmas": False, "use_exponential_sigmas": False}
_DPMPP_2M = {
    "algorithm_type": "dpmsolver++",
    "solver_order": 2,
    "solver_type": "midpoint",
    "lower_order_final": True,
    "euler_at_final": False,
    "final_sigmas_type": "zero",
    "thresholding": False,
    "use_exponential_sigmas": False,
    "use_beta_sigmas": False,
    "use_lu_lambdas": False,
}

SCHEDULERS: Mapping[str, SchedulerRecipe] = {
    "dpmpp_2m": SchedulerRecipe(
        "DPMSolverMultistepScheduler", {**_DPMPP_2M, "use_karras_sigmas": False}
    ),
    "dpmpp_2m_karras": SchedulerRecipe(
        "DPMSolverMultistepScheduler", {**_DPMPP_2M, "use_karras_sigmas": True}
    ),
    "euler": SchedulerRecipe(
        "EulerDiscreteScheduler",
        {**_PLAIN_SIGMAS, "use_beta_sigmas": False, "final_sigmas_type": "zero"},
    ),
    # DDIM clips latents to ±1 unless told otherwise, which ruins a latent-space picture; the
    # trap is that no other scheduler's configuration carries the setting.
    "ddim": SchedulerRecipe("DDIMScheduler", {"clip_sample": False, "thresholding": False}),
    "unipc": SchedulerRecipe(
        "UniPCMultistepScheduler",
        {
            **_PLAIN_SIGMAS,
            "use_beta_sigmas": False,
            "solver_order": 2,
            "predict_x0": True,
            "solver_type": "bh2",
            "lower_order_final": True,
            "final_sigmas_type": "zero",
            "thresholding": False,
        },
    ),
}

# What the model was trained with. diffusers drops a value from the configuration when it equals
# the old class's default, and the new class's default may be another one: so carry them by name.
_TRAINED_WITH = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
)


def build_scheduler(name: str, pipeline_config: Mapping[str, Any]) -> Any:
    """A new diffusers scheduler of that name for a model whose own scheduler has `pipeline_config`.

    New for every image, because schedulers keep state between steps. Keeps the model's noise
    schedule, prediction type, zero terminal SNR and timestep spacing. Raises EngineRefused for
    an unknown name, and for a class that cannot honour what the model was trained with.
    """
    recipe = SCHEDULERS.get(name)
    if recipe is None:
        raise EngineRefused(f"scheduler {name!r} is not one of {sorted(SCHEDULERS)}")
    cls = getattr(importlib.import_module("diffusers"), recipe.class_name)
    trained = {key: pipeline_config[key] for key in _TRAINED_WITH if key in pipeline_config}
    understood = inspect.signature(cls.__init__).parameters.keys()
    lost = [key for key, value in trained.items() if value and key not in understood]
    if lost:
        raise EngineRefused(f"scheduler {name!r} cannot honour the model's {', '.join(lost)}")
    overrides = {key: value for key, value in trained.items() if key in understood}
    return cls.from_config(pipeline_config, **{**overrides, **recipe.pinned})


def config_sha256(scheduler: Any) -> str:
    """Digest of a scheduler's effective configuration, private bookkeeping keys left out."""
    config = {k: v for k, v in scheduler.config.items() if not k.startswith("_")}
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
