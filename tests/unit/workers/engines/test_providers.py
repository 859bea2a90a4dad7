"""Provider engines come from the registry of target models, and only with a key."""

from __future__ import annotations

import json

import pytest

from marketplace.listings.catalogue import TARGET_MODELS
from marketplace.settings import Settings
from workers.engines.errors import NOT_CONFIGURED, EngineUnavailable
from workers.engines.openai_engine import OpenAIImages
from workers.engines.providers import provider_factories


def test_every_openai_model_of_the_registry_has_an_engine(settings: Settings) -> None:
    rows = json.loads(TARGET_MODELS.read_text())["target_models"]
    wanted = {row["source"] for row in rows if row["engine"] == "openai"}
    assert set(provider_factories(settings)) == wanted
    assert "dall-e-3" not in wanted


def test_without_a_key_it_says_so_and_with_one_it_draws(settings: Settings) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        provider_factories(settings)["gpt-image-1.5"]()
    assert caught.value.code == NOT_CONFIGURED
    keyed = settings.model_copy(update={"openai_api_key": "sk-test"})
    engine = provider_factories(keyed)["gpt-image-1.5"]()
    assert isinstance(engine, OpenAIImages)
    engine.close()
