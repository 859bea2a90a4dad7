"""Which target models this installation can honestly offer: settings decide, never hope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.listings.models import TargetModel
from marketplace.listings.tiers import Tier
from marketplace.settings import Settings

NOT_INSTALLED = "Not offered on this installation."
WEIGHTS = "model_index.json"
"""The file that every pipeline folder in diffusers' format holds."""


@dataclass(frozen=True)
class Installation:
    """What the workers here can run: slugs whose weights they hold, and whether OpenAI is on."""

    weights: frozenset[str] = frozenset()
    openai: bool = False

    def offers(self, row: Mapping[str, Any]) -> bool:
        """True when a row of target_models.json can be treated here as its tier says.

        The house model ships with Bracket; an attested model needs no engine; an archived one
        has none any more.
        """
        if row["tier"] == Tier.ARCHIVED:
            return False
        if row["tier"] == Tier.ATTESTED or row["source"] == "house":
            return True
        return self.openai if row["engine"] == "openai" else row["slug"] in self.weights


def installation(settings: Settings) -> Installation:
    """Read from the settings: OFFERED_MODELS where given, else the folders in MODELS_DIR.

    The list is for web servers whose workers, and weights, are on other machines.
    """
    weights = frozenset(settings.offered_models)
    if not weights and settings.models_dir is not None:
        weights = frozenset(path.parent.name for path in settings.models_dir.glob(f"*/{WEIGHTS}"))
    return Installation(weights, openai=settings.openai_api_key is not None)


def closed_reason(model: TargetModel) -> str | None:
    """Why sellers cannot choose a model today, in a sentence; None when they can."""
    if model.retired_on is not None and model.is_retired:
        day = f"{model.retired_on.day} {model.retired_on:%B %Y}"
        return f"Switched off by its maker on {day}."
    if model.tier_now is Tier.ARCHIVED:
        return "Switched off by its maker."
    return None if model.offered else NOT_INSTALLED
