"""Target models as tests need them: the house engine, always on offer."""

from __future__ import annotations

from typing import Any

from marketplace.listings.models import TargetModel
from marketplace.listings.tiers import Tier


def target_model(slug: str = "house-full", **changes: Any) -> TargetModel:
    """A seeded model on the house engine; any column may be given another value."""
    columns: dict[str, Any] = {
        "family": "Bracket House",
        "name": "House",
        "version": "1",
        "blurb": "",
        "engine": "diffusers",
        "source": "house",
        "tier": Tier.EXACT,
        "determinism": {"dpmpp_2m": "ode"},
        "capability": {},
        "options": {},
        "offered": True,
        "seedable": True,
        "schedulers": ["dpmpp_2m"],
        "steps_default": 20,
        "steps_min": 15,
        "steps_max": 40,
        "guidance_default": 4.0,
        "guidance_min": 1.0,
        "guidance_max": 8.0,
        "width": 256,
        "height": 256,
        "licence": "Bracket House licence",
        "position": 1,
    }
    return TargetModel(slug=slug, **(columns | changes))
