"""What the policy needs to know of a target model, from its row or from the registry's file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from marketplace.core.clock import now
from marketplace.listings.catalogue import TARGET_MODELS
from marketplace.listings.models import TargetModel
from marketplace.listings.tiers import Tier
from marketplace.policy import ModelFacts

_WITH_FLAGS = frozenset({"midjourney"})
"""Models whose prompts end in --ar and the like."""
HOUSE = "house"


def facts_of(model: TargetModel) -> ModelFacts:
    """The facts of a model as this installation offers it."""
    return _facts(
        {
            "slug": model.slug,
            "name": model.name,
            "family": model.family,
            "engine": model.engine,
            "source": model.source,
            "capability": model.capability,
            "trigger_words": model.trigger_words,
        },
        is_open=model.is_open,
    )


def facts_of_slug(slug: str) -> ModelFacts:
    """The facts of a model by the registry's file: whether it still runs, not whether here."""
    row = _registry().get(slug)
    if row is None:
        return ModelFacts(slug=slug, name=slug, known=False, open=False)
    retired = row["retired_on"]
    gone = row["tier"] == Tier.ARCHIVED or (
        retired is not None and date.fromisoformat(retired) <= now().date()
    )
    return _facts(row, is_open=not gone)


def _facts(row: Mapping[str, Any], is_open: bool) -> ModelFacts:
    capability = row["capability"] or {}
    return ModelFacts(
        slug=row["slug"],
        name=row["name"],
        family=row["family"],
        open=is_open,
        negative_prompt=bool(capability.get("negative_prompt")),
        prompt_tokens=capability.get("prompt_tokens"),
        weights=row["engine"] == "diffusers" and row["source"] != HOUSE,
        flags=row["slug"] in _WITH_FLAGS,
        trigger_words=tuple(row["trigger_words"] or ()),
    )


@cache
def _registry() -> dict[str, dict[str, Any]]:
    rows = json.loads(TARGET_MODELS.read_text(encoding="utf-8"))["target_models"]
    return {row["slug"]: row for row in rows}
