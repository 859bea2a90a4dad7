"""Pipelines of the real classes at toy size, with random weights, saved as folders.

Loads the model libraries: tests import it late (tests/late.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from workers.engines.contract import NOISE_SOURCES, Capability
from workers.engines.diffusers_engine import DiffusersEngine
from workers.engines.families import PromptOptions
from workers.engines.pipeline_cache import PipelineCache
from workers.engines.scheduler_tables import SCHEDULERS

TOKEN_LIMIT = 16
T5_LIMIT = 24
_LETTERS = [chr(code) for code in range(33, 127)]


def make_tokenizer(folder: Path) -> CLIPTokenizer:
    """Every printable ASCII character is a token, so any short text can be read back."""
    tokens = [*_LETTERS, *(f"{letter}</w>" for letter in _LETTERS)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=TOKEN_LIMIT)


def text_config(tokenizer: CLIPTokenizer, layers: int = 1, **changes: Any) -> CLIPTextConfig:
    """A text encoder of 16 features."""
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=TOKEN_LIMIT,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **changes,
    )


def save_toy(scratch: Path) -> Path:
    """Stable Diffusion; v-prediction with zero terminal SNR like the house model.

    Latents are an eighth of the image's side: 64 px images have 8 x 8 latents. Stored in half
    precision as real weights are.
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
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        part.half()
    pipeline.save_pretrained(scratch / "pipeline")
    return scratch / "pipeline"


def save_sdxl(scratch: Path) -> Path:
    """SDXL: two encoders, added conditions, noise prediction, a VAE that halves each side twice."""
    torch.manual_seed(1)
    tokenizer = make_tokenizer(scratch / "tokenizer")
    # Two layers, because SDXL reads the last but one.
    one = CLIPTextModel(text_config(tokenizer, 2))
    two = CLIPTextModelWithProjection(text_config(tokenizer, 2, projection_dim=12))
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=4,
        cross_attention_dim=32,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=6 * 4 + 12,
        transformer_layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    pipeline = StableDiffusionXLPipeline(
        vae=_vae(4),
        text_encoder=one,
        text_encoder_2=two,
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler(
            beta_schedule="scaled_linear",
            beta_start=0.00085,
            beta_end=0.012,
            timestep_spacing="leading",
            steps_offset=1,
        ),
        add_watermarker=False,
    )
    pipeline.save_pretrained(scratch / "sdxl")
    return scratch / "sdxl"


def save_flux(scratch: Path, guidance_embeds: bool) -> Path:
    """FLUX.1 dev (guidance is an input) or schnell (it is not)."""
    torch.manual_seed(2)
    tokenizer = make_tokenizer(scratch / "tokenizer")
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁", -2.0)]
    vocabulary += [(letter, -3.0) for letter in _LETTERS]
    t5 = T5Config(
        vocab_size=len(vocabulary),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
    )
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        guidance_embeds=guidance_embeds,
        axes_dims_rope=(4, 4, 8),
    )
    pipeline = FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=_vae(4, shift_factor=0.1, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=CLIPTextModel(text_config(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=T5EncoderModel(t5),
        tokenizer_2=T5Tokenizer(vocab=vocabulary, model_max_length=T5_LIMIT, extra_ids=0),
        transformer=transformer,
    )
    pipeline.save_pretrained(scratch / "flux")
    return scratch / "flux"


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


def _vae(channels: int, **changes: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=channels,
        norm_num_groups=4,
        **changes,
    )
