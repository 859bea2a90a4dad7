"""Engines at providers, from the registry of target models: off where their key is not set."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketplace.listings.catalogue import TARGET_MODELS
from marketplace.settings import Settings
from workers.engines.draws import SetGenerator

if TYPE_CHECKING:
    from workers.engines.openai_engine import OpenAIAccount

OPENAI = "openai"


def provider_factories(
    settings: Settings, registry: Path = TARGET_MODELS
) -> dict[str, Callable[[], SetGenerator]]:
    """Source → engine of every model that a provider runs, made on first use.

    Without a key an engine is named all the same, and says NOT_CONFIGURED when it is asked for.
    """
    rows = json.loads(registry.read_text(encoding="utf-8"))["target_models"]
    return {
        row["source"]: partial(_openai, settings, row) for row in rows if row["engine"] == OPENAI
    }


def _openai(settings: Settings, row: dict[str, Any]) -> SetGenerator:
    # Here and not above: most workers do without the library.
    from workers.engines.openai_engine import OpenAIAccount, OpenAIImages

    account: OpenAIAccount = OpenAIAccount(settings.openai_api_key, settings.openai_base_url)
    return OpenAIImages(account, row["source"], row["cost_microdollars"])
