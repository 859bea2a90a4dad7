"""How pictures look, and the signature that stands for one."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from marketplace.search.looks import Look, image_encoder_of, padded
from marketplace.search.models import LOOK_DIMENSIONS
from marketplace.search.signature import MAX_TEXT, read, sign
from tests.factories.listings import picture_bytes


def picture(seed: int) -> Image.Image:
    return Image.open(io.BytesIO(picture_bytes(seed, size=160))).convert("RGB")


def away(a: Image.Image, b: Image.Image) -> float:
    return float(np.linalg.norm(Look().encode(a) - Look().encode(b)))


def test_a_smaller_and_recompressed_copy_looks_the_same() -> None:
    original = picture(1)
    buffer = io.BytesIO()
    original.resize((90, 90)).save(buffer, "JPEG", quality=60)
    copy = Image.open(buffer).convert("RGB")
    others = [away(original, picture(seed)) for seed in range(2, 8)]
    assert away(original, copy) < 0.1 < min(others)


def test_colours_and_places_both_count() -> None:
    plain = [Image.new("RGB", (100, 100), colour) for colour in ("red", "darkred", "blue")]
    assert away(plain[0], plain[1]) < away(plain[0], plain[2])
    assert away(picture(1), ImageOps.mirror(picture(1))) > 0.1


def test_only_rgb_is_encoded_and_vectors_have_room() -> None:
    with pytest.raises(ValueError, match="RGB"):
        Look().encode(Image.new("L", (64, 64)))
    assert len(padded(Look().encode(picture(1)))) == LOOK_DIMENSIONS
    with pytest.raises(ValueError, match="at most"):
        padded(np.zeros(LOOK_DIMENSIONS + 1, dtype=np.float32))


def test_a_signature_goes_through_an_address_and_nearly_keeps_the_look() -> None:
    signature = sign(picture(3), Look())
    assert len(signature.text) <= MAX_TEXT
    again = read(signature.text, Look())
    assert again == signature
    assert np.abs(again.vector - Look().encode(picture(3))).max() < again.scale


class Other(Look):
    """Bracket's own under another name."""

    name = "other-look"


def test_what_is_no_signature_of_this_encoder_is_none() -> None:
    text = sign(picture(3), Look()).text
    assert read(text, Other()) is None
    for broken in ("", "AAAA", "é" * 20, text[:60], "Ag" + text[2:], "!" * 80, text + "A" * 2000):
        assert read(broken, Look()) is None, broken


def test_the_setting_names_the_encoder(services: object) -> None:
    settings = services.settings  # type: ignore[attr-defined]
    assert image_encoder_of(settings).name == Look.name
    other = settings.model_copy(update={"image_encoder": f"{__name__}:Other"})
    assert image_encoder_of(other).name == "other-look"
    with pytest.raises(AttributeError):
        image_encoder_of(settings.model_copy(update={"image_encoder": f"{__name__}:Missing"}))
