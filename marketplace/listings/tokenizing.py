"""Counting tokens as a model's own tokenizer does, where this machine holds the model's folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE

from marketplace.listings.models import TargetModel
from marketplace.settings import Settings

_START_AND_END = 2
# Where a pipeline of two encoders keeps that which reads the whole prompt.
_FOLDERS = {"FLUX.1": "tokenizer_2"}
_CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def token_counter(settings: Settings, model: TargetModel) -> Callable[[str], int] | None:
    """A function that counts a text's tokens for this model, start and end included.

    None where the tokenizer's files are not here, as on web servers whose workers hold the
    weights; the lint then estimates, and says so.
    """
    folder = _model_folder(settings, model)
    tokenizer = None if folder is None else _load(folder / _FOLDERS.get(model.family, "tokenizer"))
    if tokenizer is None:
        return None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False)) + _START_AND_END


def _model_folder(settings: Settings, model: TargetModel) -> Path | None:
    if model.source == "house":
        return settings.house_model_dir
    if model.engine != "diffusers" or settings.models_dir is None:
        return None
    return settings.models_dir / model.slug


@lru_cache(maxsize=8)
def _load(folder: Path) -> Tokenizer | None:
    """The tokenizer in a folder of diffusers' format; None where its files are missing or odd."""
    whole, words, merges = (
        folder / name for name in ("tokenizer.json", "vocab.json", "merges.txt")
    )
    try:
        if whole.is_file():
            return Tokenizer.from_file(str(whole))
        if words.is_file() and merges.is_file():
            return _clip(words, merges)
    except Exception:  # the library raises plain Exception for files that it cannot read
        return None
    return None


def _clip(words: Path, merges: Path) -> Tokenizer:
    """CLIP's tokenizer from the two files that older folders hold instead of one."""
    tokenizer = Tokenizer(BPE.from_file(str(words), str(merges), end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CLIP_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    return tokenizer
