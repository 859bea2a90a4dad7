"""The picture that stands for a listing in messages."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from marketplace.images.share_card import SIZE, share_card

LONG = "An extraordinarily long and winding title " * 3


@pytest.mark.parametrize("title", ["Foxes", LONG.strip(), "W" * 80, "Фонари над рекой", ""])
@pytest.mark.parametrize("size", [(256, 256), (640, 320)])
def test_it_always_has_its_size_and_no_metadata(title: str, size: tuple[int, int]) -> None:
    data = share_card(Image.new("RGB", size, "#336699"), title, "Re-run by Bracket on a model")
    with Image.open(io.BytesIO(data)) as card:
        card.load()
        assert (card.format, card.mode, card.size) == ("JPEG", "RGB", SIZE)
        assert not card.getexif()
        assert set(card.info) <= {
            "jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"
        }  # fmt: skip


def test_it_shows_the_picture_between_brackets_beside_the_words() -> None:
    plain = share_card(Image.new("RGB", (256, 256), "#336699"), "Foxes", "Re-run")
    other = share_card(Image.new("RGB", (256, 256), "#336699"), "Boats", "Re-run")
    assert plain == share_card(Image.new("RGB", (256, 256), "#336699"), "Foxes", "Re-run")
    with Image.open(io.BytesIO(plain)) as card, Image.open(io.BytesIO(other)) as another:
        red, green, blue = card.getpixel((300, 315))  # type: ignore[misc]
        assert abs(red - 0x33) < 8
        assert abs(green - 0x66) < 8
        assert abs(blue - 0x99) < 8
        yellow = card.getpixel((67, 315))
        assert isinstance(yellow, tuple)
        assert yellow[0] > 200 > 80 > yellow[2]
        words = (640, 100, 1180, 530)
        assert card.crop(words).tobytes() != another.crop(words).tobytes()
