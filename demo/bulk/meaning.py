"""Embeddings of bulk listings, put together from those of their parts.

To run a million texts through the encoder takes hours. A sentence's embedding is the mean over its
words, so a weighted mean of its parts' embeddings, scaled to length 1, lies close to it: near
enough to measure speed by, and to find what one looks for. `flask search rebuild` makes true ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from marketplace.sentences.encoder import DIMENSIONS, Encoder

WEIGHTS = (3.0, 1.0, 1.5, 2.0, 1.0, 0.8, 0.8, 0.8)
"""Of wording.Text.parts, in their order."""
NOISE = 0.012
"""Of each number, so that equal parts do not make equal vectors (the texts differ as well)."""


class Composer:
    """Turns parts into vectors; encodes each part once."""

    def __init__(self, encoder: Encoder, seed: int) -> None:
        self.encoder = encoder
        self._places: dict[str, int] = {}
        self._vectors: list[NDArray[np.float32]] = []
        self._random = np.random.default_rng(seed)

    def places(self, parts: Iterable[str]) -> tuple[int, ...]:
        """Where the parts' vectors are kept; much smaller than the parts themselves."""
        return tuple(self._place(part) for part in parts)

    def vectors(self, places: Sequence[tuple[int, ...]]) -> NDArray[np.float16]:
        """Vectors of length 1, (n, 384), of texts whose parts are in these places."""
        kept = np.stack(self._vectors)
        found = np.einsum("p,npd->nd", np.array(WEIGHTS, np.float32), kept[np.array(places)])
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        found += self._random.normal(0.0, NOISE, found.shape).astype(np.float32)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found.astype(np.float16)

    def _place(self, part: str) -> int:
        place = self._places.get(part)
        if place is None:
            place = self._places[part] = len(self._vectors)
            self._vectors.append(self.encoder.encode(part))
        return place


def copy_rows(
    ids: Sequence[str],
    digests: Sequence[bytes],
    encoder: str,
    vectors: NDArray[np.float16],
) -> bytes:
    """Rows of search_vectors in PostgreSQL's binary COPY format, without its header and trailer.

    pgvector's halfvec travels as its number of dimensions, an unused nought, and the halves.
    """
    kind = np.dtype(
        [
            ("fields", ">i2"),
            ("id_size", ">i4"),
            ("id", "S13"),
            ("digest_size", ">i4"),
            ("digest", "V32"),
            ("name_size", ">i4"),
            ("name", f"S{len(encoder)}"),
            ("vector_size", ">i4"),
            ("dimensions", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f2", DIMENSIONS),
        ]
    )
    rows = np.zeros(len(ids), kind)
    rows["fields"], rows["id_size"], rows["digest_size"] = 4, 13, 32
    rows["id"] = np.array(ids, "S13")
    rows["digest"] = np.frombuffer(b"".join(digests), "V32")
    rows["name_size"], rows["name"] = len(encoder), encoder.encode()
    rows["vector_size"], rows["dimensions"] = 4 + 2 * DIMENSIONS, DIMENSIONS
    rows["vector"] = vectors
    return rows.tobytes()


COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER = b"\xff\xff"
