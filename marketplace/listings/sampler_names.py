"""What other tools call their samplers, and which solver and schedule of ours each one is. Data.

Sources: A1111's modules/sd_samplers_kdiffusion.py, sd_samplers_timesteps.py and sd_schedulers.py;
ComfyUI's comfy/samplers.py; InvokeAI's scheduler list; the equivalents from diffusers' scheduler
overview. Whether a model offers the result is for the registry to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SamplerMatch:
    """`name` is a scheduler's name as listings declare them, or None where diffusers has no equal;
    `note` says why, or what differs."""

    name: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sampler:
    """One sampler of another tool."""

    solver: str | None
    automatic: str = ""
    """The schedule that A1111 takes for this sampler when told "Automatic"."""
    note: str = ""


_BROWNIAN = "the other tool draws step noise from a Brownian tree"
_STEP_NOISE = "step noise equals the other tool's only with one noise source and no ENSD"
_NO_EQUAL = "diffusers has no equal of this sampler"
_CFG_PLUS = "CFG++ guides in another way"

# Keyed by lower-case letters and digits alone, so that spelling does not matter.
SAMPLERS: Mapping[str, Sampler] = {
    # A1111
    "dpm2m": Sampler("dpmpp_2m", "karras"),
    "dpm2msde": Sampler("dpmpp_2m_sde", "exponential", _BROWNIAN),
    "dpm2msdeheun": Sampler(None, note=_NO_EQUAL),
    "dpmsde": Sampler(None, note="diffusers' nearest, DPMSolverSinglestep, is not equal"),
    "dpm2sa": Sampler(None, note="diffusers' nearest, DPMSolverSinglestep, is not equal"),
    "dpm3msde": Sampler(None, note=_NO_EQUAL),
    "eulera": Sampler("euler_a", note=_STEP_NOISE),
    "euler": Sampler("euler"),
    "lms": Sampler("lms"),
    "heun": Sampler("heun"),
    "dpm2": Sampler("dpm_2", "karras"),
    "dpm2a": Sampler("dpm_2_a", "karras", _STEP_NOISE),
    "dpmfast": Sampler(None, note=_NO_EQUAL),
    "dpmadaptive": Sampler(None, note=_NO_EQUAL),
    "restart": Sampler(None, note=_NO_EQUAL),
    "ddim": Sampler("ddim"),
    "ddimcfg++": Sampler(None, note=_CFG_PLUS),
    "plms": Sampler("plms"),
    "unipc": Sampler("unipc"),
    "lcm": Sampler("lcm", note=_STEP_NOISE),
    # ComfyUI, where it has other names
    "eulercfgpp": Sampler(None, note=_CFG_PLUS),
    "eulerancestral": Sampler("euler_a", note=_STEP_NOISE),
    "eulerancestralcfgpp": Sampler(None, note=_CFG_PLUS),
    "heunpp2": Sampler(None, note=_NO_EQUAL),
    "dpm2ancestral": Sampler("dpm_2_a", note=_STEP_NOISE),
    "dpmpp2sancestral": Sampler(None, note="diffusers' nearest is not equal"),
    "dpmppsde": Sampler(None, note="diffusers' nearest is not equal"),
    "dpmppsdegpu": Sampler(None, note="diffusers' nearest is not equal"),
    "dpmpp2m": Sampler("dpmpp_2m"),
    "dpmpp2msde": Sampler("dpmpp_2m_sde", note=_BROWNIAN),
    "dpmpp2msdegpu": Sampler("dpmpp_2m_sde", note=_BROWNIAN),
    "dpmpp3msde": Sampler(None, note=_NO_EQUAL),
    "dpmpp3msdegpu": Sampler(None, note=_NO_EQUAL),
    "ddpm": Sampler(None, note="ComfyUI's differs from diffusers' DDPMScheduler"),
    "ipndm": Sampler(None, note=_NO_EQUAL),
    "ipndmv": Sampler(None, note=_NO_EQUAL),
    "deis": Sampler("deis"),
    "unipcbh2": Sampler("unipc"),
    # InvokeAI, where it has other names
    "kdpm2": Sampler("dpm_2"),
    "kdpm2a": Sampler("dpm_2_a", note=_STEP_NOISE),
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
    "native": "",  # NovelAI's word for none
    "ddimuniform": None,
    "ddim": None,
    "polyexponential": None,
    "kloptimal": None,
    "alignyoursteps": None,
    "linearquadratic": None,
    "turbo": None,
}


def sampler_match(sampler: str, schedule: str | None = None) -> SamplerMatch:
    """Our scheduler for a sampler's name as another tool writes it. Never raises.

    A schedule may stand in the name ("DPM++ 2M Karras", InvokeAI's "dpmpp_2m_k") or apart
    ("karras"); without either it is the sampler's plain one, and with "Automatic" the one that
    A1111 chooses. "k_" before a name, as NovelAI and old InvokeAI write it, means nothing.
    """
    name = sampler.strip().lower().removeprefix("k_")
    wanted = _plain(schedule or "")
    if name.endswith("_k") and not wanted:
        name, wanted = name[:-2], "karras"
    key = _plain(name)
    if key not in SAMPLERS and not wanted:
        key, wanted = _split(key)
    known = SAMPLERS.get(key)
    if known is None:
        return SamplerMatch(None, "unknown sampler")
    if known.solver is None:
        return SamplerMatch(None, known.note)
    ending = known.automatic if wanted == _AUTOMATIC else _SCHEDULES.get(wanted)
    if ending is None:
        return SamplerMatch(None, "no scheduler with this schedule")
    return SamplerMatch(f"{known.solver}_{ending}".rstrip("_"), known.note)


def _plain(name: str) -> str:
    """ "DPM++ 2M" and "dpmpp_2m" stay apart on purpose: their "Automatic" schedules differ."""
    kept = "".join(letter for letter in name.lower() if letter.isalnum())
    return kept + "++" if name.rstrip().endswith("++") else kept


def _split(key: str) -> tuple[str, str]:
    for schedule in ("karras", "exponential", "beta"):
        if key.endswith(schedule) and key.removesuffix(schedule) in SAMPLERS:
            return key.removesuffix(schedule), schedule
    return key, ""
