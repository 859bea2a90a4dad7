"""Builds the exact diffusers object that a scheduler's name means, from the tables."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
from collections.abc import Mapping
from typing import Any

from workers.engines.contract import EngineRefused
from workers.engines.scheduler_tables import (
    FLOW_SCHEDULERS,
    SCHEDULERS,
    SchedulerRecipe,
)

__all__ = ["SCHEDULERS", "SchedulerRecipe", "build_scheduler", "config_sha256", "recipe_of"]

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
_FLOW_TRAINED_WITH = (
    "num_train_timesteps",
    "shift",
    "use_dynamic_shifting",
    "base_shift",
    "max_shift",
    "base_image_seq_len",
    "max_image_seq_len",
)


def is_flow(pipeline_config: Mapping[str, Any]) -> bool:
    """Whether a pipeline's own scheduler solves flow matching (FLUX.1) instead of diffusion."""
    return "base_image_seq_len" in pipeline_config


def recipe_of(name: str, pipeline_config: Mapping[str, Any]) -> SchedulerRecipe:
    """The recipe of that name for a model of that kind. Raises EngineRefused when there is none."""
    table = FLOW_SCHEDULERS if is_flow(pipeline_config) else SCHEDULERS
    recipe = table.get(name)
    if recipe is None:
        raise EngineRefused(f"scheduler {name!r} is not one of {sorted(table)}")
    return recipe


def build_scheduler(name: str, pipeline_config: Mapping[str, Any]) -> Any:
    """A new diffusers scheduler of that name for a model whose own scheduler has `pipeline_config`.

    New for every image, because schedulers keep state between steps. Keeps the model's noise
    schedule, prediction type, zero terminal SNR and, unless the recipe pins it, timestep spacing.
    Raises EngineRefused for an unknown name, and for a class that cannot honour what the model
    was trained with.
    """
    recipe = recipe_of(name, pipeline_config)
    cls = getattr(importlib.import_module("diffusers"), recipe.class_name)
    carried = _FLOW_TRAINED_WITH if is_flow(pipeline_config) else _TRAINED_WITH
    trained = {key: pipeline_config[key] for key in carried if key in pipeline_config}
    understood = inspect.signature(cls.__init__).parameters.keys()
    lost = [key for key, value in trained.items() if value and key not in understood]
    if lost:
        raise EngineRefused(f"scheduler {name!r} cannot honour the model's {', '.join(lost)}")
    overrides = {key: value for key, value in trained.items() if key in understood}
    zero_snr = bool(trained.get("rescale_betas_zero_snr"))
    spaced = (recipe.zero_snr if zero_snr else recipe.classic) or {}
    return cls.from_config(pipeline_config, **{**overrides, **recipe.pinned, **spaced})


def config_sha256(scheduler: Any) -> str:
    """Digest of a scheduler's effective configuration, private bookkeeping keys left out."""
    config = {k: v for k, v in scheduler.config.items() if not k.startswith("_")}
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
