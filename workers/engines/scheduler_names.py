"""Which of our schedulers another tool's sampler is, with what a seed decides under it."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.listings.sampler_names import sampler_match
from workers.engines.scheduler_tables import SCHEDULERS, Determinism


@dataclass(frozen=True, slots=True)
class SchedulerMatch:
    """`name` is a key of SCHEDULERS, or None where diffusers has no equal; `note` says why, or
    what differs. A match of class `ode` is reproducible from the seed alone."""

    name: str | None
    determinism: Determinism
    note: str = ""


def scheduler_of(a1111_or_comfy_name: str, schedule_type: str | None = None) -> SchedulerMatch:
    """Our scheduler for a sampler's name as another tool writes it, or for one of our own.

    Never raises; marketplace.listings.sampler_names has the names and how they are read.
    """
    if a1111_or_comfy_name in SCHEDULERS and not schedule_type:
        return SchedulerMatch(a1111_or_comfy_name, SCHEDULERS[a1111_or_comfy_name].determinism)
    match = sampler_match(a1111_or_comfy_name, schedule_type)
    if match.name is None:
        return SchedulerMatch(None, Determinism.NONE, match.note)
    if match.name not in SCHEDULERS:
        return SchedulerMatch(None, Determinism.NONE, "no scheduler with this schedule")
    return SchedulerMatch(match.name, SCHEDULERS[match.name].determinism, match.note)
