"""The picture that stands for a listing in messages and feeds: a re-run between brackets."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

VERSION = 1
"""Goes into the name under which the result is kept: raise it with any change to the drawing."""
SIZE = (1200, 630)
FONTS = Path(__file__).resolve().parents[1] / "core" / "fonts"
PAPER, INK, SOFT, ACCENT = "#fbfbf9", "#17181b", "#56585f", "#f2a900"
MARGIN, SIDE, STROKE, REACH = 64, 470, 10, 64
TITLE_LINES = 4
QUALITY = 86


def share_card(picture: Image.Image, title: str, caption: str) -> bytes:
    """Draw the card.

    Args:
        picture: RGB, any size; its middle square is shown.
        title: public title of the listing; what does not fit in four lines ends in an ellipsis.
        caption: one line that says whose picture it is.

    Returns:
        A JPEG of 1200 × 630 pixels without any metadata.
    """
    card = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(card)
    top = (SIZE[1] - SIDE) // 2
    left = MARGIN + STROKE + 20
    card.paste(_square(picture), (left, top))
    _brackets(draw, left - 20 - STROKE, top - 24, left + SIDE + 20 + STROKE, top + SIDE + 24)
    x = left + SIDE + 90
    bold, plain = _font("DejaVuSans-Bold.ttf", 46), _font("DejaVuSans.ttf", 24)
    lines = _wrapped(title, bold, SIZE[0] - x - MARGIN)
    y = SIZE[1] // 2 - (len(lines) * 58 + 60) // 2
    for line in lines:
        draw.text((x, y), line, fill=INK, font=bold)
        y += 58
    for line in _wrapped(caption, plain, SIZE[0] - x - MARGIN):
        draw.text((x, y + 24), line, fill=SOFT, font=plain)
        y += 34
    buffer = io.BytesIO()
    card.save(buffer, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return buffer.getvalue()


def _square(picture: Image.Image) -> Image.Image:
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    middle = picture.crop((left, top, left + side, top + side))
    return middle.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _brackets(draw: ImageDraw.ImageDraw, left: int, top: int, right: int, bottom: int) -> None:
    for edge, inward in ((left, 1), (right, -1)):
        draw.rectangle(_box(edge, top, edge + inward * STROKE, bottom), fill=ACCENT)
        for level in (top, bottom - STROKE):
            draw.rectangle(_box(edge, level, edge + inward * REACH, level + STROKE), fill=ACCENT)


def _box(x0: int, y0: int, x1: int, y1: int) -> tuple[int, int, int, int]:
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / name), size)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The text in lines no wider than that, at most TITLE_LINES of them."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(_cut(word, font, width))
    if len(lines) > TITLE_LINES:
        lines = [*lines[: TITLE_LINES - 1], _cut(lines[TITLE_LINES - 1] + " …", font, width)]
    return lines


def _cut(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
