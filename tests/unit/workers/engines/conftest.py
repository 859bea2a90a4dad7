"""Whole pipelines at toy size, with random weights, saved as folders, and engines over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.late import Late

pipelines = Late("tests.factories.pipelines")
families = Late("workers.engines.families")


@pytest.fixture(scope="session")
def toy_pipeline_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, stored in half precision as real weights are."""
    return pipelines.save_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def toy_engine(toy_pipeline_dir: Path) -> Any:
    return pipelines.make_engine(toy_pipeline_dir)


@pytest.fixture(scope="session")
def sdxl_engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """SDXL, trained without zero terminal SNR, so that every scheduler can run it."""
    return pipelines.make_engine(pipelines.save_sdxl(tmp_path_factory.mktemp("sdxl")))


@pytest.fixture(scope="session")
def flux_engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """FLUX.1 dev."""
    folder = pipelines.save_flux(tmp_path_factory.mktemp("flux"), guidance_embeds=True)
    return pipelines.make_engine(
        folder, prompts=families.PromptOptions(token_limit=pipelines.T5_LIMIT)
    )


@pytest.fixture(scope="session")
def schnell_engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """FLUX.1 schnell."""
    folder = pipelines.save_flux(tmp_path_factory.mktemp("schnell"), guidance_embeds=False)
    return pipelines.make_engine(
        folder, prompts=families.PromptOptions(token_limit=pipelines.T5_LIMIT)
    )
