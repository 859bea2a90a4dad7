"""What the bench keeps of a picture: its hashes and colours, as one line of JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image

from marketplace.verification.similarity import Comparison, Limits, compare
from workers.fingerprints.colour import COLOUR_VERSION, colour_signature
from workers.fingerprints.hashes import DEFINITION_VERSION, fingerprint

VERSION = f"{DEFINITION_VERSION}.{COLOUR_VERSION}"


@dataclass(frozen=True, slots=True)
class Print:
    """Hashes of one picture under the definitions in force."""

    pdq: bytes
    pdq_quality: int
    phash64: bytes
    dct256: bytes
    colour: bytes
    version: int = DEFINITION_VERSION

    def to_json(self) -> list[Any]:
        """A short list; `from_json` reads it back."""
        return [
            self.pdq.hex(),
            self.pdq_quality,
            self.phash64.hex(),
            self.dct256.hex(),
            self.colour.hex(),
        ]

    @classmethod
    def from_json(cls, data: list[Any]) -> Print:
        """Inverse of `to_json`."""
        pdq, quality, phash, dct, colour = data
        return cls(
            bytes.fromhex(pdq),
            quality,
            bytes.fromhex(phash),
            bytes.fromhex(dct),
            bytes.fromhex(colour),
        )


def take(image: Image.Image) -> Print:
    """Hash an RGB picture."""
    found = fingerprint(image)
    return Print(found.pdq, found.pdq_quality, found.phash64, found.dct256, colour_signature(image))


def measure(sample: Print, rerun: Print, limits: Limits | None = None) -> Comparison:
    """Compare as the worker does."""
    return compare(sample, rerun, limits, (sample.colour, rerun.colour))
