"""What several readers share: the places where a tool may leave one long text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from marketplace.images.metadata.parts import Embedded, EmbeddedText

COMMENT_KEYS = (
    "parameters",  # PNG: A1111, Forge, SwarmUI, Fooocus
    "UserComment",  # EXIF of JPEG and WebP
    "exif:UserComment",
    "dc:description",
    "ImageDescription",
    "tiff:ImageDescription",
    "Model",  # EXIF: early SwarmUI
    "XPComment",
    "comment",  # JPEG's own
    "Comment",  # PNG
    "Description",
)


def comments(file: Embedded) -> list[EmbeddedText]:
    """The texts in which a tool may have left all its settings at once."""
    return file.named(*COMMENT_KEYS)


def json_comments(file: Embedded) -> Iterator[tuple[EmbeddedText, dict[str, Any]]]:
    """Those of them that are JSON objects, with their values."""
    for text in comments(file):
        value = text.json()
        if isinstance(value, dict):
            yield text, value


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def stem(name: Any) -> Any:
    """A file's name without folder and known ending; other values as they are."""
    if not isinstance(name, str):
        return name
    base = name[-400:].replace("\\", "/").rpartition("/")[2]
    for ending in (".safetensors", ".ckpt", ".gguf", ".sft", ".pth", ".pt", ".bin"):
        if base.lower().endswith(ending):
            return base[: -len(ending)]
    return base
