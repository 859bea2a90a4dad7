"""The sentence encoder: as transformers computes it, checked before it is used, absent politely."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from marketplace.core.container import Services
from marketplace.sentences import encoder as module
from marketplace.sentences.bert import Bert, ModelUnusableError
from marketplace.sentences.encoder import Encoder, Source, encoder_of

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "fox", "in", "the", "snow"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of the right width in Hugging Face's format, with a tokenizer of nine words."""
    torch = pytest.importorskip("torch")
    from transformers import BertConfig, BertModel

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=384,
        num_hidden_layers=2,
        num_attention_heads=12,
        intermediate_size=96,
        max_position_embeddings=32,
    )
    folder = tmp_path_factory.mktemp("tiny")
    BertModel(config, add_pooling_layer=False).eval().save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize("ids", [[2, 3], [2, 4, 5, 3], [2, *([4, 5, 6, 7, 8] * 5), 3]])
def test_it_computes_what_transformers_computes(tiny: Path, ids: list[int]) -> None:
    import torch
    from transformers import BertModel

    theirs = BertModel.from_pretrained(tiny, add_pooling_layer=False).eval()
    with torch.no_grad():
        hidden = theirs(torch.tensor([ids])).last_hidden_state[0]
    mean = hidden.mean(dim=0).numpy()
    ours = Bert(tiny).embed(np.asarray(ids, dtype=np.int64))
    assert float(ours @ (mean / np.linalg.norm(mean))) == pytest.approx(1.0, abs=1e-5)


def test_texts_become_vectors_of_length_one_and_long_ones_are_cut(tiny: Path) -> None:
    encoder = Encoder(Source(tiny, digest(tiny)))
    fox = encoder.encode_query("red fox in the snow")
    assert np.linalg.norm(fox) == pytest.approx(1.0, abs=1e-5)
    assert fox is encoder.encode_query("red fox in the snow")  # remembered
    assert encoder.encode("red " * 500).shape == (384,)
    assert encoder.name == digest(tiny)[:16]


def with_folder(services: Services, folder: Path | None, sha256: str = "") -> Any:
    return services.settings.model_copy(
        update={
            "search_by_meaning": True,
            "embedding_model_dir": folder,
            "embedding_model_sha256": sha256,
        }
    )


def test_weights_with_another_digest_are_not_used_and_search_does_without(
    tiny: Path, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_folder(services, tiny, "0" * 64)
    assert encoder_of(settings) is None
    assert encoder_of(settings) is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]  # once, not every time
    assert digest(tiny) in caplog.text


def test_without_a_model_or_switched_off_there_is_none(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert encoder_of(services.settings) is None  # off in tests
    monkeypatch.setattr(module, "PACKAGE", "a_package_that_nobody_has")
    assert encoder_of(with_folder(services, None)) is None
    assert encoder_of(with_folder(services, tmp_path / "nothing", "0" * 64)) is None


@pytest.mark.parametrize(
    "change", [{"hidden_act": "relu"}, {"model_type": "roberta"}, {"num_hidden_layers": 3}]
)
def test_another_kind_of_model_is_refused(tiny: Path, tmp_path: Path, change: Any) -> None:
    config = json.loads((tiny / "config.json").read_text()) | change
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").symlink_to(tiny / "model.safetensors")
    with pytest.raises(ModelUnusableError):
        Bert(tmp_path)


@pytest.mark.skipif(
    module.find_spec(module.PACKAGE) is None,
    reason=f"{module.PACKAGE} is not installed: `make install-dev` brings it",
)
def test_the_packaged_model_knows_what_is_like_what(services: Services) -> None:
    encoder = encoder_of(with_folder(services, None))
    assert encoder is not None
    kitten, cat, invoice = map(encoder.encode, ("a kitten", "a small cat", "an unpaid invoice"))
    assert float(kitten @ cat) > 0.6 > 0.3 > float(kitten @ invoice)
