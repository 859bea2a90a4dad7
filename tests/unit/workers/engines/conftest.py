"""A whole Stable Diffusion pipeline at toy size, with random weights, saved as a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from diffusers import (
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from workers.engines.contract import Capability
from workers.engines.diffusers_engine import DiffusersEngine
from workers.engines.pipeline_cache import PipelineCache
from workers.engines.registry import HOUSE_CAPABILITY

TOKEN_LIMIT = 16


def make_tokenizer(folder: Path) -> CLIPTokenizer:
    """Every printable ASCII character is a token, so any short text can be read back."""
    letters = [chr(code) for code in range(33, 127)]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=TOKEN_LIMIT)


def make_pipeline(scratch: Path) -> StableDiffusionPipeline:
    """Random weights from a fixed seed; v-prediction with zero terminal SNR like the house model.

    Latents are an eighth of the image's side: 64 px images have 8 x 8 latents.
    """
    torch.manual_seed(0)
    tokenizer = make_tokenizer(scratch / "tokenizer")
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=TOKEN_LIMIT,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
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
        text_encoder=CLIPTextModel(text),
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


def make_engine(folder: Path, cache: PipelineCache | None = None) -> DiffusersEngine:
    """An engine over the folder with a cache of its own."""
    capability = Capability(
        engine="toy",
        reproducible=True,
        schedulers=HOUSE_CAPABILITY.schedulers,
        min_side=64,
        max_side=128,
        size_multiple=16,
        max_steps=20,
    )
    return DiffusersEngine(
        capability,
        folder,
        "tests/toy",
        safety_checker=False,
        cache=cache or PipelineCache(),
    )
