"""Builds the model's own CLIP tokenizer: a token for each grammar word, bytes for the rest."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path

from transformers import CLIPTokenizer

from house_model.grammar import VOCABULARY

LENGTH = 48
_START, _END = "<|startoftext|>", "<|endoftext|>"
# Words the caption patterns add around the vocabulary's phrases.
_GLUE = "a an the in on at of to by as and with under front palette tones colours colors sky"


def byte_alphabet() -> list[str]:
    """The printable characters that stand for bytes 0 to 255 in byte-level BPE, in byte order."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(spare)) for b in range(256)]


def grammar_words() -> list[str]:
    """Every word a caption can contain, as the tokenizer splits them."""
    phrases = [p for table in VOCABULARY.values() for said in table.values() for p in said]
    text = " ".join([_GLUE, *phrases]).lower()
    return sorted(set(re.findall(r"[a-z]+", text)))


def build_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write vocab.json and merges.txt into `folder` and load them as a tokenizer."""
    merges = _merges(grammar_words())
    alphabet = byte_alphabet()
    entries = [*alphabet, *(c + "</w>" for c in alphabet), *(a + b for a, b in merges)]
    unique = list(dict.fromkeys([*entries, _START, _END]))
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: i for i, token in enumerate(unique)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=LENGTH)


def _merges(words: list[str]) -> list[tuple[str, str]]:
    """Byte-pair merges, commonest pair first, until every word is a single token."""
    split = {word: [*word[:-1], word[-1] + "</w>"] for word in words}
    merges: list[tuple[str, str]] = []
    while True:
        pairs = Counter(pair for parts in split.values() for pair in itertools.pairwise(parts))
        if not pairs:
            return merges
        best = max(pairs.items(), key=lambda item: (item[1], item[0]))[0]
        merges.append(best)
        split = {word: _merged(parts, best) for word, parts in split.items()}


def _merged(parts: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    for part in parts:
        if out and (out[-1], part) == pair:
            out[-1] += part
        else:
            out.append(part)
    return out
