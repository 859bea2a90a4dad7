"""Prompts that CLIP cannot take as they stand, weighted or too long, become embeddings by compel.

A long prompt is cut between words into chunks of the encoder's length, which the denoiser reads
side by side, as A1111 and ComfyUI do. compel weighs a word up as ComfyUI does (away from the empty
prompt) and down by blending with the prompt without it; A1111 scales the embedding instead, so its
weighted prompts are followed closely but not bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from compel import EmbeddingsProvider, ReturnedEmbeddingsType, SplitLongTextMode

from workers.engines.prompt_weights import Fragment, read_weights


def sd_embeddings(pipeline: Any, prompt: str, negative: str, bare: bool) -> dict[str, torch.Tensor]:
    """Arguments in place of both prompts for Stable Diffusion: 1 × tokens × features each."""
    provider = _provider(
        pipeline.tokenizer,
        pipeline.text_encoder,
        ReturnedEmbeddingsType.LAST_HIDDEN_STATES_NORMALIZED,
    )
    positive, other = _same_length(
        provider, [_embed(provider, read_weights(text, bare)) for text in (prompt, negative)]
    )
    return {"prompt_embeds": positive, "negative_prompt_embeds": other}


def sdxl_embeddings(
    pipeline: Any, prompt: str, negative: str, bare: bool
) -> dict[str, torch.Tensor]:
    """The same for SDXL, whose two encoders stand side by side; pooled embeddings are those of
    the first chunk without weights."""
    kind = ReturnedEmbeddingsType.PENULTIMATE_HIDDEN_STATES_NON_NORMALIZED
    pairs = (
        (pipeline.tokenizer, pipeline.text_encoder),
        (pipeline.tokenizer_2, pipeline.text_encoder_2),
    )
    texts = [read_weights(text, bare) for text in (prompt, negative)]
    parts = []
    for tokenizer, encoder in pairs:
        provider = _provider(tokenizer, encoder, kind)
        parts.append(_same_length(provider, [_embed(provider, text) for text in texts]))
    positive, other = (torch.cat(side, dim=-1) for side in zip(*parts, strict=True))
    pooled, other_pooled = (_pooled(pipeline, text) for text in texts)
    if not negative and pipeline.config.force_zeros_for_empty_prompt:
        other, other_pooled = torch.zeros_like(positive), torch.zeros_like(pooled)
    return {
        "prompt_embeds": positive,
        "negative_prompt_embeds": other,
        "pooled_prompt_embeds": pooled,
        "negative_pooled_prompt_embeds": other_pooled,
    }


def _provider(tokenizer: Any, encoder: Any, kind: ReturnedEmbeddingsType) -> EmbeddingsProvider:
    return EmbeddingsProvider(
        tokenizer,
        encoder,
        truncate=False,
        returned_embeddings_type=kind,
        split_long_text_mode=SplitLongTextMode.WORDS,
        # Some tokenizers state no limit; the encoder's positions are one.
        model_max_length=min(tokenizer.model_max_length, encoder.config.max_position_embeddings),
    )


def _embed(provider: EmbeddingsProvider, text: Sequence[Fragment]) -> torch.Tensor:
    # compel stumbles over fragments without a token.
    kept = [fragment for fragment in text if fragment.text.strip()] or [Fragment("")]
    embedded: torch.Tensor = provider.get_embeddings_for_weighted_prompt_fragments(
        text_batch=[[fragment.text for fragment in kept]],
        fragment_weights_batch=[[fragment.weight for fragment in kept]],
        device=provider.device,
    )
    return embedded


def _same_length(
    provider: EmbeddingsProvider, embedded: Sequence[torch.Tensor]
) -> list[torch.Tensor]:
    """Shorter ones are filled up with chunks of the empty prompt."""
    longest = max(one.shape[1] for one in embedded)
    empty = provider.empty_z
    return [
        torch.cat([one, *[empty] * ((longest - one.shape[1]) // empty.shape[1])], dim=1)
        for one in embedded
    ]


def _pooled(pipeline: Any, text: Sequence[Fragment]) -> torch.Tensor:
    whole = "".join(fragment.text for fragment in text)
    encoded = pipeline.encode_prompt(prompt=whole, do_classifier_free_guidance=False)
    pooled: torch.Tensor = encoded[2]
    return pooled
