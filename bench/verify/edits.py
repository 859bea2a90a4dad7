"""What honest sellers' tools do to a picture without changing it: the benign edits."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image

Edit = Callable[[Image.Image], Image.Image]


def _saved(image: Image.Image, kind: str, **options: object) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return Image.open(buffer).convert("RGB")


def _jpeg(quality: int, subsampling: int = 2) -> Edit:
    return lambda image: _saved(image, "JPEG", quality=quality, subsampling=subsampling)


def _webp(quality: int) -> Edit:
    return lambda image: _saved(image, "WEBP", quality=quality)


def _scaled(factor: float, method: Image.Resampling) -> Edit:
    def edit(image: Image.Image) -> Image.Image:
        width, height = image.size
        return image.resize((round(width * factor), round(height * factor)), method)

    return edit


def _palette(image: Image.Image) -> Image.Image:
    """As lossy PNG optimisers do: 256 colours fitted to the picture."""
    return image.quantize(256, kmeans=4).convert("RGB")


def _both(first: Edit, second: Edit) -> Edit:
    return lambda image: second(first(image))


R = Image.Resampling
EDITS: dict[str, Edit] = {
    "as it is": lambda image: image,
    "jpeg q60": _jpeg(60),
    "jpeg q75": _jpeg(75),
    "jpeg q85": _jpeg(85),
    "jpeg q95": _jpeg(95, subsampling=0),
    "webp q60": _webp(60),
    "webp q80": _webp(80),
    "webp q95": _webp(95),
    "resize 0.5": _scaled(0.5, R.LANCZOS),
    "resize 0.75": _scaled(0.75, R.BICUBIC),
    "resize 1.5": _scaled(1.5, R.BICUBIC),
    "resize 2": _scaled(2.0, R.LANCZOS),
    "resize 2, jpeg q75": _both(_scaled(2.0, R.BICUBIC), _jpeg(75)),
    "resize 0.5, jpeg q60": _both(_scaled(0.5, R.LANCZOS), _jpeg(60)),
    "png optimised": lambda image: _saved(image, "PNG", optimize=True),
    "png 256 colours": _palette,
}
