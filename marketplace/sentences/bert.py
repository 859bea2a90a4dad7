"""A small BERT in numpy: sentence embeddings without torch, for the web and the workers alike.

Devlin et al. (2019), as sentence-transformers packs it: token embeddings averaged and scaled to
length 1. The weights are mapped from their file, so processes share one copy of them in memory, and
a sentence of ten words takes 10 to 20 ms of one core. Held against transformers by a test.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_F = np.float32
WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"


class ModelUnusableError(RuntimeError):
    """The folder holds no encoder of the one kind that is understood here."""


@dataclass(frozen=True)
class _Layer:
    """One transformer layer. Matrices as the file has them, (out, in); biases as columns."""

    qkv: Array
    qkv_bias: Array
    out: Array
    out_bias: Array
    out_norm: tuple[Array, Array]
    wide: Array
    wide_bias: Array
    narrow: Array
    narrow_bias: Array
    narrow_norm: tuple[Array, Array]


class Bert:
    """An encoder read from a folder in Hugging Face's format.

    Raises ModelUnusableError when it is not a BERT with GELU, absolute positions and mean pooling.
    """

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / CONFIG).read_text())
        _check(folder, config)
        self.dimensions = int(config["hidden_size"])
        self.positions = int(config["max_position_embeddings"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = _F(config["layer_norm_eps"])
        read = _Reader(folder / WEIGHTS)
        self._words = read("embeddings.word_embeddings.weight")
        # Every sentence here is a first sentence, so its token type is part of its position.
        types = read("embeddings.token_type_embeddings.weight")
        self._places = read("embeddings.position_embeddings.weight") + types[0]
        self._norm = read.norm("embeddings.LayerNorm")
        self._layers = [
            read.layer(f"encoder.layer.{number}.") for number in range(config["num_hidden_layers"])
        ]

    def embed(self, ids: NDArray[np.int64]) -> Array:
        """Token ids (n,) of one sentence, with its special tokens, to a vector (dimensions,) of
        length 1.

        Tokens stand in columns: the few tokens of a query multiplied from the right by a matrix as
        it lies in the file take half the time of the same the other way round.
        """
        first = (self._words[ids] + self._places[: len(ids)]).T
        hidden = self._normed(np.ascontiguousarray(first), self._norm)
        for layer in self._layers:
            mixed = layer.out @ self._attend(hidden, layer)
            mixed += layer.out_bias
            mixed += hidden
            hidden = self._normed(mixed, layer.out_norm)
            wide = layer.wide @ hidden
            wide += layer.wide_bias
            narrow = layer.narrow @ _gelu(wide)
            narrow += layer.narrow_bias
            narrow += hidden
            hidden = self._normed(narrow, layer.narrow_norm)
        mean = hidden.mean(axis=1)
        return np.asarray(mean / np.linalg.norm(mean), dtype=_F)

    def _attend(self, hidden: Array, layer: _Layer) -> Array:
        width, length = hidden.shape
        size = width // self._heads
        parts = layer.qkv @ hidden
        parts += layer.qkv_bias
        query, key, value = parts.reshape(3, self._heads, size, length)
        scores = query.transpose(0, 2, 1) @ key
        scores *= _F(size**-0.5)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return np.asarray((value @ scores.transpose(0, 2, 1)).reshape(width, length))

    def _normed(self, values: Array, norm: tuple[Array, Array]) -> Array:
        values = values - values.mean(axis=0)
        spread = np.einsum("ij,ij->j", values, values) / _F(values.shape[0])
        values /= np.sqrt(spread + self._epsilon)
        values *= norm[0]
        values += norm[1]
        return np.asarray(values, dtype=_F)


class _Reader:
    """Tensors of a safetensors file, mapped: only what is used is ever read from disk.

    The format is eight bytes with the header's length, the header in JSON, then the numbers.
    """

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        length = int.from_bytes(self._bytes[:8].tobytes(), "little")
        if length > 10_000_000 or length + 8 > self._bytes.size:
            raise ModelUnusableError("its weights are not in the safetensors format")
        self._entries: dict[str, Any] = json.loads(self._bytes[8 : 8 + length].tobytes())
        self._start = 8 + length

    def __call__(self, name: str) -> Array:
        entry = self._entries.get(name) or self._entries.get(f"bert.{name}")
        if entry is None or entry["dtype"] != "F32":
            raise ModelUnusableError(f"it has no 32-bit tensor {name}")
        start, end = entry["data_offsets"]
        data = self._bytes[self._start + start : self._start + end]
        return data.view(_F).reshape(entry["shape"])

    def norm(self, name: str) -> tuple[Array, Array]:
        return _column(self(f"{name}.weight")), _column(self(f"{name}.bias"))

    def layer(self, prefix: str) -> _Layer:
        own = f"{prefix}attention.self."
        three = ("query", "key", "value")
        return _Layer(
            qkv=np.concatenate([self(f"{own}{name}.weight") for name in three]),
            qkv_bias=_column(np.concatenate([self(f"{own}{name}.bias") for name in three])),
            out=self(f"{prefix}attention.output.dense.weight"),
            out_bias=_column(self(f"{prefix}attention.output.dense.bias")),
            out_norm=self.norm(f"{prefix}attention.output.LayerNorm"),
            wide=self(f"{prefix}intermediate.dense.weight"),
            wide_bias=_column(self(f"{prefix}intermediate.dense.bias")),
            narrow=self(f"{prefix}output.dense.weight"),
            narrow_bias=_column(self(f"{prefix}output.dense.bias")),
            narrow_norm=self.norm(f"{prefix}output.LayerNorm"),
        )


def _column(values: Array) -> Array:
    return values[:, None]


def _gelu(values: Array) -> Array:
    """x · Φ(x), with Φ from the error function."""
    from scipy.special import erf  # a third of a second that only a search for words pays

    shares = erf(values * _F(0.5**0.5))
    shares += _F(1)
    shares *= _F(0.5)
    shares *= values
    return np.asarray(shares)


def _check(folder: Path, config: dict[str, Any]) -> None:
    wanted = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
    }
    for name, value in wanted.items():
        if config.get(name, value) != value:
            raise ModelUnusableError(f"its {name} is {config[name]!r}, not {value!r}")
    pooling = folder / "1_Pooling" / CONFIG
    if pooling.is_file():
        modes = json.loads(pooling.read_text())
        if not modes.get("pooling_mode_mean_tokens", False):
            raise ModelUnusableError("it does not average its tokens")
