"""The fingerprint's definition: known values, agreement with imagehash, what it survives."""

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from marketplace.verification.similarity import hamming
from workers.fingerprints.hashes import MAX_SIDE, Fingerprint, fingerprint, mirrored


def picture(seed: int = 0, size: tuple[int, int] = (320, 256)) -> Image.Image:
    """Soft coloured blobs: plenty of low-frequency detail, different for every seed."""
    blobs = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize(size, Image.Resampling.BICUBIC)


def reencoded(image: Image.Image, kind: str, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return Image.open(buffer).convert("RGB")


def packed(hashed: imagehash.ImageHash) -> bytes:
    return np.packbits(hashed.hash.ravel()).tobytes()


def test_a_fingerprint_has_its_declared_sizes():
    found = fingerprint(picture())
    assert (len(found.pdq), len(found.phash64), len(found.dct256)) == (32, 8, 32)
    assert found.pdq_quality == 100
    assert found.version == 1


def test_the_definition_has_not_moved():
    # Stored hashes are compared with new ones: if this fails, raise DEFINITION_VERSION.
    # A few bits are left to the processor's arithmetic.
    found = fingerprint(picture(1))
    golden = Fingerprint(
        pdq=bytes.fromhex("b09b66f9b2c56c97b26375a1d0f86e17be0708de8c9cd3684e1a3a463a451a4f"),
        pdq_quality=100,
        phash64=bytes.fromhex("c8f9d0b1ac8b9c3c"),
        dct256=bytes.fromhex("ea74f92cd12eb12eac398b659c983d88703e649b8f85c2776326749b53a64e91"),
    )
    assert hamming(found.pdq, golden.pdq) <= 4
    assert hamming(found.phash64, golden.phash64) <= 2
    assert hamming(found.dct256, golden.dct256) <= 4


@pytest.mark.parametrize("seed", range(8))
def test_it_agrees_with_imagehash(seed):
    image = picture(seed)
    found = fingerprint(image)
    assert hamming(found.phash64, packed(imagehash.phash(image))) == 0
    assert hamming(found.dct256, packed(imagehash.phash(image, hash_size=16))) == 0


@pytest.mark.parametrize(("kind", "quality"), [("JPEG", 60), ("WEBP", 80)])
@pytest.mark.parametrize("seed", range(4))
def test_a_reencoded_picture_stays_within_the_reproduced_band(seed, kind, quality):
    image = picture(seed)
    before, after = fingerprint(image), fingerprint(reencoded(image, kind, quality))
    assert hamming(before.pdq, after.pdq) <= 31
    assert hamming(before.dct256, after.dct256) <= 31
    assert hamming(before.phash64, after.phash64) <= 6


def test_other_pictures_are_far_apart():
    prints = [fingerprint(picture(seed)) for seed in range(12)]
    pairs = [(a, b) for i, a in enumerate(prints) for b in prints[:i]]
    assert min(hamming(a.pdq, b.pdq) for a, b in pairs) > 70
    assert min(hamming(a.dct256, b.dct256) for a, b in pairs) > 70


def test_a_mirrored_picture_is_found_only_by_its_mirrored_fingerprint():
    image = picture(3)
    flipped = ImageOps.mirror(image)
    assert mirrored(flipped) == fingerprint(image)
    assert hamming(fingerprint(flipped).pdq, fingerprint(image).pdq) > 70


def test_a_large_picture_is_shrunk_first():
    large = picture(5, size=(MAX_SIDE * 3, MAX_SIDE * 2))
    small = large.resize((MAX_SIDE, 341), Image.Resampling.BOX)
    assert hamming(fingerprint(large).pdq, fingerprint(small).pdq) <= 10


def test_a_long_strip_can_be_hashed():
    assert len(fingerprint(picture(6, size=(4000, 12))).pdq) == 32


def test_a_flat_picture_has_no_quality():
    assert fingerprint(Image.new("RGB", (64, 64), (10, 20, 30))).pdq_quality == 0


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_other_modes_are_rejected(mode):
    with pytest.raises(ValueError, match=f"expected an RGB image, got {mode}"):
        fingerprint(Image.new(mode, (64, 64)))


def test_a_tiny_picture_is_rejected():
    with pytest.raises(ValueError, match="at least 8 px"):
        fingerprint(Image.new("RGB", (64, 7)))


def test_hamming_counts_bits():
    assert hamming(b"\x00\xff", b"\x01\x7f") == 2
    with pytest.raises(ValueError, match="2 and 1 bytes"):
        hamming(b"ab", b"a")
