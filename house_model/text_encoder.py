"""Trains the text encoder: a small CLIP text model that learns to say what a caption says."""

from __future__ import annotations

import math
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from house_model.grammar import (
    ATTRIBUTES,
    VALUES,
    Scene,
    caption,
    random_scene,
    said_attributes,
    with_filler,
)
from house_model.tokenizer import LENGTH, build_tokenizer

WIDTH = 128
_BATCH = 96
_FILLER_SHARE = 0.3


def tokenise(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Token ids (batch, LENGTH), padded and truncated as the pipeline does it."""
    encoded = tokenizer(
        captions, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    )
    ids: Tensor = encoded.input_ids
    return ids


def train_text_encoder(folder: Path, minutes: float) -> None:
    """Train tokenizer and text encoder into `folder`/tokenizer and `folder`/text_encoder.

    The encoder is trained to classify each attribute of the caption (or that it is unsaid) from
    any of the end-of-text positions, then frozen: its token states are what the denoiser reads.
    """
    torch.manual_seed(0)
    tokenizer = build_tokenizer(folder / "tokenizer_files")
    tokenizer.save_pretrained(folder / "tokenizer")
    model = _new_model(tokenizer)
    heads = nn.ModuleDict({name: nn.Linear(WIDTH, len(VALUES[name]) + 1) for name in ATTRIBUTES})
    parameters = [*model.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=1e-2)
    rng = random.Random(5)
    started, step = time.monotonic(), 0
    recent: list[list[float]] = []
    while (spent := (time.monotonic() - started) / 60) < minutes:
        rate = 2e-3 * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * spent / minutes))
        for group in optimiser.param_groups:
            group["lr"] = rate + 1e-5
        loss, right = _step(model, heads, tokenizer, rng)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        recent = [*recent[-29:], right]
        step += 1
        if step % 100 == 0:
            means = [round(sum(column) / len(recent), 3) for column in zip(*recent, strict=True)]
            print(f"text {step} {spent:.1f} min loss {loss.item():.3f}", means, flush=True)
    model.eval().save_pretrained(folder / "text_encoder")


def _new_model(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
        projection_dim=WIDTH,
        hidden_act="gelu",
    )
    model = CLIPTextModel(config)
    for name, parameter in model.named_parameters():
        if "embedding" in name:
            nn.init.normal_(parameter, std=0.05)
    return model


def _labelled_caption(rng: random.Random) -> tuple[str, dict[str, int]]:
    """A caption and, for each attribute, the index of what it says (the last index: unsaid)."""
    scene: Scene = random_scene(rng)
    said = said_attributes(rng, scene)
    text = caption(rng, scene, said=said)
    if rng.random() < _FILLER_SHARE:
        text = with_filler(rng, text)
    labels = {
        name: values.index(getattr(scene, name)) if name in said else len(values)
        for name, values in VALUES.items()
    }
    return text, labels


def _step(
    model: CLIPTextModel, heads: nn.ModuleDict, tokenizer: CLIPTokenizer, rng: random.Random
) -> tuple[Tensor, list[float]]:
    rows = [_labelled_caption(rng) for _ in range(_BATCH)]
    ids = tokenise(tokenizer, [text for text, _ in rows])
    states = model(ids)[0]
    ends = torch.multinomial((ids == tokenizer.eos_token_id).float(), 1)[:, 0]
    read = states[torch.arange(_BATCH), ends]
    loss, right = read.new_zeros(()), []
    for name in ATTRIBUTES:
        target = torch.tensor([labels[name] for _, labels in rows])
        logits = heads[name](read)
        loss = loss + F.cross_entropy(logits, target)
        right.append((logits.argmax(1) == target).float().mean().item())
    return loss, right
