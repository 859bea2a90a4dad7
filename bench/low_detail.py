"""Where perceptual hashes stop meaning anything: smooth gradients with ever more texture.

    python -m bench.low_detail [--pictures 30]

For each share of texture: PDQ quality, distance to the picture's own JPEG (q60), and the least
distance to a picture with other texture. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import io
import json
from statistics import median

import numpy as np
from PIL import Image

from marketplace.verification.similarity import hamming
from workers.fingerprints.hashes import fingerprint

SIDE = 256
SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6)


def picture(seed: int, texture_seed: int, share: float) -> Image.Image:
    """A two-colour gradient mixed with `share` of soft coloured blobs."""
    rng = np.random.default_rng(seed)
    slope = rng.random(2)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    ramp = ((slope[0] * x + slope[1] * y) / slope.sum())[..., None]
    start, end = rng.integers(0, 256, (2, 3))
    blobs = np.random.default_rng(texture_seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    texture = Image.fromarray(blobs).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    mixed = (1 - share) * (start + (end - start) * ramp) + share * np.asarray(texture)
    return Image.fromarray(mixed.astype(np.uint8))


def measure(share: float, pictures: int) -> dict[str, float]:
    """Qualities and distances over that many pictures."""
    quality, own_pdq, own_dct, other_dct = [], [], [], []
    for seed in range(pictures):
        image = picture(seed, seed, share)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=60)
        first, again = fingerprint(image), fingerprint(Image.open(buffer).convert("RGB"))
        other = fingerprint(picture(seed, seed + 500, share))
        quality.append(first.pdq_quality)
        own_pdq.append(hamming(first.pdq, again.pdq))
        own_dct.append(hamming(first.dct256, again.dct256))
        other_dct.append(hamming(first.dct256, other.dct256))
    return {
        "texture": share,
        "quality_median": median(quality),
        "own_jpeg_pdq_greatest": max(own_pdq),
        "own_jpeg_dct_greatest": max(own_dct),
        "other_dct_least": min(other_dct),
    }


def main() -> None:
    """Measure every share, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=30)
    options = parser.parse_args()
    rows = [measure(share, options.pictures) for share in SHARES]
    print("  ".join(rows[0]))
    for row in rows:
        print("  ".join(f"{value:>{len(name)}g}" for name, value in row.items()))
    print(json.dumps({"pictures": options.pictures, "rows": rows}))


if __name__ == "__main__":
    main()
