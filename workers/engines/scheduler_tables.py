"""Scheduler names as listings declare them, each with its diffusers class and pinned settings.

A name is a solver ("dpmpp_2m") or a solver with a schedule ("dpmpp_2m_karras"). What a recipe
pins cannot leak in from a pipeline's own configuration or from a class's default: DDIM clips
latents to ±1 by default, and no other scheduler's configuration says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Determinism(StrEnum):
    """How far a seed decides the picture.

    `ode`: by the seed's first noise alone. `sde`: by that and by noise drawn at every step, so
    only within one implementation. `none`: diffusers has no equal of that sampler.
    """

    ODE = "ode"
    SDE = "sde"
    NONE = "none"


class X0(StrEnum):
    """Where a scheduler's prediction of the finished latents can be read after a step."""

    RETURNED = "returned"
    SOLVER_HISTORY = "solver history"
    VELOCITY = "velocity"


@dataclass(frozen=True, slots=True)
class SchedulerRecipe:
    """A diffusers class by name and the settings that the scheduler's name stands for.

    `classic` holds for models trained without zero terminal SNR, `zero_snr` for the others, which
    need their own timestep spacing. `x0` None: no previews.
    """

    class_name: str
    pinned: Mapping[str, Any]
    determinism: Determinism = Determinism.ODE
    x0: X0 | None = None
    classic: Mapping[str, Any] | None = None
    zero_snr: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Solver:
    class_name: str
    pinned: Mapping[str, Any]
    determinism: Determinism = Determinism.ODE
    x0: X0 | None = None
    sigma_flags: bool = True
    """Whether the class takes Karras, exponential and beta sigmas."""
    classic: Mapping[str, Any] | None = None
    zero_snr: Mapping[str, Any] | None = None


# What k-diffusion, and with it A1111's "Uniform" and ComfyUI's "normal", do.
_LINSPACE = {"timestep_spacing": "linspace", "steps_offset": 0}
# What CompVis's DDIM and PLMS do.
_LEADING = {"timestep_spacing": "leading", "steps_offset": 1, "set_alpha_to_one": False}
_DPMPP_2M = {
    "algorithm_type": "dpmsolver++",
    "solver_order": 2,
    "solver_type": "midpoint",
    "lower_order_final": True,
    "euler_at_final": False,
    "final_sigmas_type": "zero",
    "thresholding": False,
    "use_lu_lambdas": False,
    "use_flow_sigmas": False,
    "variance_type": None,
}
_UNIPC = {
    "solver_order": 2,
    "predict_x0": True,
    "solver_type": "bh2",
    "lower_order_final": True,
    "disable_corrector": [],
    "final_sigmas_type": "zero",
    "thresholding": False,
    "use_flow_sigmas": False,
}
_EULER = {
    "interpolation_type": "linear",
    "timestep_type": "discrete",
    "sigma_min": None,
    "sigma_max": None,
    "final_sigmas_type": "zero",
}
_DEIS = {
    "algorithm_type": "deis",
    "solver_order": 2,
    "solver_type": "logrho",
    "lower_order_final": True,
    "thresholding": False,
    "use_flow_sigmas": False,
}
_DDIM = {"clip_sample": False, "thresholding": False}
_LCM = {
    "clip_sample": False,
    "thresholding": False,
    "set_alpha_to_one": True,
    "original_inference_steps": 50,
    "timestep_scaling": 10.0,
    "timestep_spacing": "leading",
    "steps_offset": 0,
}

_SOLVERS: Mapping[str, _Solver] = {
    "dpmpp_2m": _Solver("DPMSolverMultistepScheduler", _DPMPP_2M, x0=X0.SOLVER_HISTORY),
    "dpmpp_2m_sde": _Solver(
        "DPMSolverMultistepScheduler",
        {**_DPMPP_2M, "algorithm_type": "sde-dpmsolver++"},
        Determinism.SDE,
        X0.SOLVER_HISTORY,
    ),
    "euler": _Solver("EulerDiscreteScheduler", _EULER, x0=X0.RETURNED),
    "euler_a": _Solver(
        "EulerAncestralDiscreteScheduler", {}, Determinism.SDE, X0.RETURNED, sigma_flags=False
    ),
    "heun": _Solver("HeunDiscreteScheduler", {"clip_sample": False}, x0=X0.RETURNED),
    "lms": _Solver("LMSDiscreteScheduler", {}, x0=X0.RETURNED),
    "dpm_2": _Solver("KDPM2DiscreteScheduler", {}, x0=X0.RETURNED),
    "dpm_2_a": _Solver("KDPM2AncestralDiscreteScheduler", {}, Determinism.SDE, X0.RETURNED),
    # The trap: without set_alpha_to_one=False the last step of "leading" spacing overshoots; zero
    # terminal SNR with "trailing" spacing ends at nought instead.
    "ddim": _Solver(
        "DDIMScheduler",
        _DDIM,
        x0=X0.RETURNED,
        sigma_flags=False,
        classic=_LEADING,
        zero_snr={"set_alpha_to_one": True},
    ),
    "plms": _Solver("PNDMScheduler", {"skip_prk_steps": True}, sigma_flags=False, classic=_LEADING),
    "unipc": _Solver("UniPCMultistepScheduler", _UNIPC, x0=X0.SOLVER_HISTORY),
    "deis": _Solver("DEISMultistepScheduler", _DEIS),
    "lcm": _Solver("LCMScheduler", _LCM, Determinism.SDE, X0.RETURNED, sigma_flags=False),
}

_SIGMA_FLAGS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
_SCHEDULES: Mapping[str, str] = {
    "": "",
    "_karras": "use_karras_sigmas",
    "_exponential": "use_exponential_sigmas",
    "_beta": "use_beta_sigmas",
}
_TRAILING = {"timestep_spacing": "trailing", "steps_offset": 0}
_HAVE_TRAILING = ("dpmpp_2m", "dpmpp_2m_sde", "euler", "euler_a", "heun", "ddim", "unipc")


def _recipe(solver: _Solver, pinned: Mapping[str, Any], classic: Mapping[str, Any]) -> Any:
    return SchedulerRecipe(
        solver.class_name,
        {**solver.pinned, **pinned},
        solver.determinism,
        solver.x0,
        {**(solver.classic or {}), **classic},
        solver.zero_snr,
    )


def _compose() -> dict[str, SchedulerRecipe]:
    found: dict[str, SchedulerRecipe] = {}
    for name, solver in _SOLVERS.items():
        spacing = {} if solver.classic or "timestep_spacing" in solver.pinned else _LINSPACE
        schedules = _SCHEDULES if solver.sigma_flags else {"": ""}
        for suffix, chosen in schedules.items():
            flags = {flag: flag == chosen for flag in _SIGMA_FLAGS} if solver.sigma_flags else {}
            found[name + suffix] = _recipe(solver, flags, spacing)
        if name in _HAVE_TRAILING:
            flags = dict.fromkeys(_SIGMA_FLAGS, False) if solver.sigma_flags else {}
            found[name + "_trailing"] = _recipe(solver, flags, _TRAILING)
    return found


SCHEDULERS: Mapping[str, SchedulerRecipe] = _compose()
"""Name → recipe for diffusion models (noise prediction, v-prediction)."""

FLOW_SCHEDULERS: Mapping[str, SchedulerRecipe] = {
    "euler" + suffix: SchedulerRecipe(
        "FlowMatchEulerDiscreteScheduler",
        {flag: flag == chosen for flag in _SIGMA_FLAGS}
        | {"invert_sigmas": False, "stochastic_sampling": False},
        x0=X0.VELOCITY,
    )
    for suffix, chosen in _SCHEDULES.items()
}
"""Name → recipe for flow-matching models (FLUX.1)."""


def determinism_of(name: str) -> Determinism:
    """The determinism class of a scheduler's name; `none` for names that no table knows."""
    recipe = SCHEDULERS.get(name) or FLOW_SCHEDULERS.get(name)
    return recipe.determinism if recipe else Determinism.NONE
