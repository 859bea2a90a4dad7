"""A whole Stable Diffusion pipeline at toy size, with random weights, saved as a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import (
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel

from tests.factories.pipelines import (
    T5_LIMIT,
    make_tokenizer,
    save_flux,
    save_sdxl,
    text_config,
)
from workers.engines.contract import NOISE_SOURCES, Capability
from workers.engines.diffusers_engine import DiffusersEngine
from workers.engines.families import PromptOptions
from workers.engines.pipeline_cache import PipelineCache
from workers.engines.scheduler_tables import SCHEDULERS


def make_pipeline(scratch: Path) -> StableDiffusionPipeline:
    """Random weights from a fixed seed; v-prediction with zero terminal SNR like the house model.

    Latents are an eighth of the image's side: 64 px images have 8 x 8 latents.
    """
    torch.manual_seed(0)
    tokenizer = make_tokenizer(scratch / "tokenizer")
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8)
    )
    scheduler = DPMSolverMultistepScheduler(
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
        steps_offset=1,
    )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


@pytest.fixture(scope="session")
def toy_pipeline_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, stored in half precision as real weights are."""
    scratch = tmp_path_factory.mktemp("toy")
    folder = scratch / "pipeline"
    pipeline = make_pipeline(scratch)
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        part.half()
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def toy_engine(toy_pipeline_dir: Path) -> DiffusersEngine:
    return make_engine(toy_pipeline_dir)


@pytest.fixture(scope="session")
def sdxl_engine(tmp_path_factory: pytest.TempPathFactory) -> DiffusersEngine:
    """SDXL, trained without zero terminal SNR, so that every scheduler can run it."""
    return make_engine(save_sdxl(tmp_path_factory.mktemp("sdxl")))


@pytest.fixture(scope="session")
def flux_engine(tmp_path_factory: pytest.TempPathFactory) -> DiffusersEngine:
    """FLUX.1 dev."""
    folder = save_flux(tmp_path_factory.mktemp("flux"), guidance_embeds=True)
    return make_engine(folder, prompts=PromptOptions(token_limit=T5_LIMIT))


@pytest.fixture(scope="session")
def schnell_engine(tmp_path_factory: pytest.TempPathFactory) -> DiffusersEngine:
    """FLUX.1 schnell."""
    folder = save_flux(tmp_path_factory.mktemp("schnell"), guidance_embeds=False)
    return make_engine(folder, prompts=PromptOptions(token_limit=T5_LIMIT))


def make_engine(
    folder: Path, cache: PipelineCache | None = None, prompts: PromptOptions | None = None
) -> DiffusersEngine:
    """An engine over the folder with a cache of its own."""
    capability = Capability(
        engine="toy",
        reproducible=True,
        schedulers=frozenset(SCHEDULERS),
        min_side=64,
        max_side=128,
        size_multiple=16,
        max_steps=20,
        noise_sources=NOISE_SOURCES,
        max_batch=3,
    )
    return DiffusersEngine(
        capability,
        folder,
        "tests/toy",
        safety_checker=False,
        prompts=prompts or PromptOptions(),
        cache=cache or PipelineCache(),
    )
