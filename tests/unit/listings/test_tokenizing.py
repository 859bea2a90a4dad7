"""Tokens are counted by the model's own tokenizer where its files are here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from marketplace.listings.catalogue import registry_models
from marketplace.listings.hints import hints, lint_context
from marketplace.listings.models import TargetModel
from marketplace.listings.tokenizing import token_counter
from marketplace.settings import Settings

HOUSE = Path(__file__).parents[3] / "house_model" / "weights"
MODELS = {model.slug: model for model in registry_models()}


class _Folders:
    """The two settings that matter here."""

    def __init__(self, models_dir: Path | None = None) -> None:
        self.house_model_dir = HOUSE
        self.models_dir = models_dir


def folders(models_dir: Path | None = None) -> Settings:
    return _Folders(models_dir)  # type: ignore[return-value]


def house() -> TargetModel:
    return MODELS["house-full"]


@pytest.fixture
def clip_folder(tmp_path: Path) -> Path:
    """The house tokenizer in the two files that Stable Diffusion's folders hold."""
    model = json.loads((HOUSE / "tokenizer" / "tokenizer.json").read_text())["model"]
    folder = tmp_path / "sd-1-5" / "tokenizer"
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    pairs = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *pairs]))
    return tmp_path


def test_the_house_model_counts_a_token_for_each_word_it_knows():
    count = token_counter(folders(), house())
    assert count is not None
    assert count("a fox") == 4
    assert count("") == 2
    assert count("a fox") < count("a zqxjk")


def test_clips_two_files_count_as_the_one_does(clip_folder: Path):
    whole = token_counter(folders(), house())
    parts = token_counter(folders(clip_folder), MODELS["sd-1-5"])
    assert whole is not None
    assert parts is not None
    for text in ("a fox under a red moon", "A  FOX,\n(red:1.2) 1990 it's", "zqxjk — été"):
        assert parts(text) == whole(text)


@pytest.mark.parametrize("slug", ["sd-1-5", "flux-1-schnell", "gpt-image-2", "midjourney"])
def test_where_the_files_are_not_here_nothing_is_counted(tmp_path: Path, slug: str):
    assert token_counter(folders(), MODELS[slug]) is None
    assert token_counter(folders(tmp_path), MODELS[slug]) is None


def test_odd_files_are_passed_over(tmp_path: Path):
    folder = tmp_path / "sdxl-1-0" / "tokenizer"
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text("{}")
    assert token_counter(folders(tmp_path), MODELS["sdxl-1-0"]) is None


def test_hints_know_the_model_and_count_with_its_tokenizer(clip_folder: Path):
    context = lint_context(folders(clip_folder), MODELS["sd-1-5"])
    (hint,) = [
        hint
        for hint in hints("[animal=fox] " + "paper hills, " * 40, context)
        if hint.code == "too_long_for_encoder"
    ]
    assert hint.is_warning
    assert hint.place.startswith("line 1, column ")
    assert "about" not in hint.explanation
    flux = hints("(fox:1.2) without [x]", lint_context(folders(), MODELS["flux-1-schnell"]))
    assert {"weights_not_read", "negation"} <= {hint.code for hint in flux}
    assert [hint.is_warning for hint in flux] == sorted(
        (hint.is_warning for hint in flux), reverse=True
    )
    assert hints("[x]", lint_context(folders(), None))
