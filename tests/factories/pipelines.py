"""Pipelines of the real classes at toy size, with random weights, saved as folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
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


def _vae(channels: int, **changes: Any) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=channels,
        norm_num_groups=4,
        **changes,
    )
