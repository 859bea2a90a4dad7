"""What A1111 and ComfyUI call their samplers, and which of our schedulers each one is. Data.

Sources: A1111's modules/sd_samplers_kdiffusion.py, sd_samplers_timesteps.py and sd_schedulers.py;
ComfyUI's comfy/samplers.py; the equivalents from diffusers' scheduler overview.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workers.engines.scheduler_tables import SCHEDULERS, Determinism


@dataclass(frozen=True, slots=True)
class SchedulerMatch:
    """`name` is a key of SCHEDULERS, or None where diffusers has no equal; `note` says why, or
    what differs. A match of class `ode` is reproducible from the seed alone."""

    name: str | None
    determinism: Determinism
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Sampler:
    solver: str | None
    automatic: str = ""
    """The schedule that A1111 takes for this sampler when told "Automatic"."""
    note: str = ""


_BROWNIAN = "the other tool draws step noise from a Brownian tree"
_STEP_NOISE = "step noise equals the other tool's only with one noise source and no ENSD"
_NO_EQUAL = "diffusers has no equal of this sampler"
_CFG_PLUS = "CFG++ guides in another way"

# Keyed by lower-case letters and digits alone, so that spelling does not matter.
_SAMPLERS: Mapping[str, _Sampler] = {
    # A1111
    "dpm2m": _Sampler("dpmpp_2m", "karras"),
    "dpm2msde": _Sampler("dpmpp_2m_sde", "exponential", _BROWNIAN),
    "dpm2msdeheun": _Sampler(None, note=_NO_EQUAL),
    "dpmsde": _Sampler(None, note="diffusers' nearest, DPMSolverSinglestep, is not equal"),
    "dpm2sa": _Sampler(None, note="diffusers' nearest, DPMSolverSinglestep, is not equal"),
    "dpm3msde": _Sampler(None, note=_NO_EQUAL),
    "eulera": _Sampler("euler_a", note=_STEP_NOISE),
    "euler": _Sampler("euler"),
    "lms": _Sampler("lms"),
    "heun": _Sampler("heun"),
    "dpm2": _Sampler("dpm_2", "karras"),
    "dpm2a": _Sampler("dpm_2_a", "karras", _STEP_NOISE),
    "dpmfast": _Sampler(None, note=_NO_EQUAL),
    "dpmadaptive": _Sampler(None, note=_NO_EQUAL),
    "restart": _Sampler(None, note=_NO_EQUAL),
    "ddim": _Sampler("ddim"),
    "ddimcfg++": _Sampler(None, note=_CFG_PLUS),
    "plms": _Sampler("plms"),
    "unipc": _Sampler("unipc"),
    "lcm": _Sampler("lcm", note=_STEP_NOISE),
    # ComfyUI, where it has other names
    "eulercfgpp": _Sampler(None, note=_CFG_PLUS),
    "eulerancestral": _Sampler("euler_a", note=_STEP_NOISE),
    "eulerancestralcfgpp": _Sampler(None, note=_CFG_PLUS),
    "heunpp2": _Sampler(None, note=_NO_EQUAL),
    "dpm2ancestral": _Sampler("dpm_2_a", note=_STEP_NOISE),
    "dpmpp2sancestral": _Sampler(None, note="diffusers' nearest is not equal"),
    "dpmppsde": _Sampler(None, note="diffusers' nearest is not equal"),
    "dpmppsdegpu": _Sampler(None, note="diffusers' nearest is not equal"),
    "dpmpp2m": _Sampler("dpmpp_2m"),
    "dpmpp2msde": _Sampler("dpmpp_2m_sde", note=_BROWNIAN),
    "dpmpp2msdegpu": _Sampler("dpmpp_2m_sde", note=_BROWNIAN),
    "dpmpp3msde": _Sampler(None, note=_NO_EQUAL),
    "dpmpp3msdegpu": _Sampler(None, note=_NO_EQUAL),
    "ddpm": _Sampler(None, note="ComfyUI's differs from diffusers' DDPMScheduler"),
    "ipndm": _Sampler(None, note=_NO_EQUAL),
    "ipndmv": _Sampler(None, note=_NO_EQUAL),
    "deis": _Sampler("deis"),
    "unipcbh2": _Sampler("unipc"),
}

_AUTOMATIC = "automatic"
# Schedule → the ending of our names; None: no scheduler of ours has it.
_SCHEDULES: Mapping[str, str | None] = {
    "": "",
    "uniform": "",
    "normal": "",
    "karras": "karras",
    "exponential": "exponential",
    "beta": "beta",
    "sgmuniform": "trailing",
    "simple": "trailing",
    "trailing": "trailing",
    "ddimuniform": None,
    "ddim": None,
    "polyexponential": None,
    "kloptimal": None,
    "alignyoursteps": None,
    "linearquadratic": None,
    "turbo": None,
}


def scheduler_of(a1111_or_comfy_name: str, schedule_type: str | None = None) -> SchedulerMatch:
    """Our scheduler for a sampler's name as A1111 or ComfyUI writes it, or for one of our own.

    A schedule may stand in the name ("DPM++ 2M Karras") or apart ("karras"); without either it is
    the sampler's plain one, and with "Automatic" the one that A1111 chooses. Never raises.
    """
    if a1111_or_comfy_name in SCHEDULERS and not schedule_type:
        return SchedulerMatch(a1111_or_comfy_name, SCHEDULERS[a1111_or_comfy_name].determinism)
    key, schedule = _plain(a1111_or_comfy_name), _plain(schedule_type or "")
    if key not in _SAMPLERS and not schedule:
        key, schedule = _split(key)
    sampler = _SAMPLERS.get(key)
    if sampler is None:
        return SchedulerMatch(None, Determinism.NONE, "unknown sampler")
    if sampler.solver is None:
        return SchedulerMatch(None, Determinism.NONE, sampler.note)
    ending = sampler.automatic if schedule == _AUTOMATIC else _SCHEDULES.get(schedule)
    name = None if ending is None else f"{sampler.solver}_{ending}".rstrip("_")
    if name is None or name not in SCHEDULERS:
        return SchedulerMatch(None, Determinism.NONE, "no scheduler with this schedule")
    return SchedulerMatch(name, SCHEDULERS[name].determinism, sampler.note)


def _plain(name: str) -> str:
    """ "DPM++ 2M" and "dpmpp_2m" stay apart on purpose: their "Automatic" schedules differ."""
    kept = "".join(letter for letter in name.lower() if letter.isalnum())
    return kept + "++" if name.rstrip().endswith("++") else kept


def _split(key: str) -> tuple[str, str]:
    for schedule in ("karras", "exponential", "beta"):
        if key.endswith(schedule) and key.removesuffix(schedule) in _SAMPLERS:
            return key.removesuffix(schedule), schedule
    return key, ""
