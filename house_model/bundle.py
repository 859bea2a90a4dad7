"""Puts the trained parts together as one `StableDiffusionPipeline` folder, written atomically."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import torch
from diffusers import (
    AutoencoderTiny,
    DPMSolverMultistepScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTokenizer

from house_model.denoiser import NOISE_SCHEDULE

WEIGHTS = Path(__file__).with_name("weights")
STEPS, GUIDANCE = 20, 4.0  # the settings the model is judged by


def new_scheduler() -> DPMSolverMultistepScheduler:
    """The sampler that ships with the model."""
    return DPMSolverMultistepScheduler(**NOISE_SCHEDULE, timestep_spacing="trailing")


def assemble(
    tokenizer: CLIPTokenizer,
    text_encoder: CLIPTextModel,
    autoencoder: AutoencoderTiny,
    unet: UNet2DConditionModel,
    scaling_factor: float,
) -> StableDiffusionPipeline:
    """A pipeline of the parts; `scaling_factor` brings latents to unit deviation."""
    autoencoder.register_to_config(scaling_factor=scaling_factor)
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def write_weights(pipeline: StableDiffusionPipeline, folder: Path) -> float:
    """Replace `folder` by the pipeline in half precision; returns its size in megabytes.

    The text encoder stays in full precision: it is tiny, and transformers would otherwise load it
    in half precision beside a full-precision denoiser. A card (README.md) in `folder` is kept.
    """
    fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    parts = dict(pipeline.components)
    parts["unet"] = copy.deepcopy(pipeline.unet).half().to(memory_format=torch.contiguous_format)
    parts["vae"] = copy.deepcopy(pipeline.vae).half().to(memory_format=torch.contiguous_format)
    shipped = StableDiffusionPipeline(**parts, requires_safety_checker=False)
    shipped.save_pretrained(fresh, safe_serialization=True)
    _forget_local_paths(fresh)
    if (folder / "README.md").exists():
        shutil.copy2(folder / "README.md", fresh / "README.md")
    for path in fresh.rglob("*"):  # safetensors files come out readable by their owner alone
        path.chmod(0o755 if path.is_dir() else 0o644)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder_megabytes(folder)


def folder_megabytes(folder: Path) -> float:
    """The size of all files below `folder`, in units of 1,000,000 bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _forget_local_paths(folder: Path) -> None:
    """Drop the paths of the training machine that save_pretrained records in the configs."""
    for path in folder.rglob("*.json"):
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            continue
        stale = [key for key in data if key in ("_name_or_path", "name_or_path")]
        if stale:
            for key in stale:
                del data[key]
            path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def load_weights(folder: Path = WEIGHTS) -> StableDiffusionPipeline:
    """Load a weights folder in full precision on the CPU, as the evaluation uses it."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, torch_dtype=torch.float32, safety_checker=None, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
