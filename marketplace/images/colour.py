"""Any picture that Pillow decodes from PNG, JPEG or WebP, as 8-bit sRGB on white."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from marketplace.images.errors import UploadError

_MAX_PROFILE_BYTES = 1_000_000
_ROUNDING = 2  # levels of 255 by which writers' sRGB profiles differ from each other
# PNG's greyscale with 16 bits arrives in one of these modes.
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I")


def to_srgb(image: Image.Image) -> Image.Image:
    """A fresh RGB image, free of metadata, with profile and alpha resolved.

    Raises UploadError for CMYK and for modes that have no one meaning as a picture.
    """
    profile = image.info.get("icc_profile")
    image = _eight_bit(image)
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    if alpha is not None:
        image = image.convert(image.mode[:-1])
    rgb = _in_srgb(image, profile)
    if alpha is not None:
        white = Image.new("RGB", rgb.size, "white")
        white.paste(rgb, mask=alpha)
        rgb = white
    rgb.info = {}
    return rgb


def _eight_bit(image: Image.Image) -> Image.Image:
    """The picture in mode L, LA, RGB or RGBA."""
    if image.mode in _SIXTEEN_BIT:
        levels = np.asarray(image) >> 8  # Pillow's own conversion clips instead of scaling
        return Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    if image.mode == "CMYK":
        raise UploadError(
            "cmyk",
            "This picture is in CMYK, the colours of printing. Convert it to RGB in an image "
            "editor and upload that.",
        )
    if image.mode in ("P", "PA"):
        has_alpha = image.mode == "PA" or "transparency" in image.info
        return image.convert("RGBA" if has_alpha else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        raise UploadError(
            "colour_mode",
            "This picture stores its colours in an unusual way. Export it as an RGB PNG and "
            "upload that.",
        )
    if "transparency" in image.info and image.mode in ("L", "RGB"):
        return image.convert("RGBA")
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An L or RGB image as sRGB by its embedded profile; by its plain numbers if that fails."""
    if not profile or len(profile) > _MAX_PROFILE_BYTES:
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        expected = "GRAY" if image.mode == "L" else "RGB"
        if source.profile.xcolor_space.strip() != expected:
            return image.convert("RGB")
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), image.mode, "RGB"
        )
        if _changes_nothing(transform, image.mode):
            return image.convert("RGB")
        converted = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image.convert("RGB")  # many programs write broken profiles and show fine pictures
    return image.convert("RGB") if converted is None else converted


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """True for a profile that is sRGB but for rounding, as most are.

    Such pictures then keep their exact pixels, and 40 megapixels are spared seconds of work.
    """
    if mode == "RGB":
        steps = np.linspace(0, 255, 9).astype(np.uint8)
        cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(9, 81, 3)
        probe = Image.fromarray(cube)
    else:
        probe = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    shown = ImageCms.applyTransform(probe, transform)
    if shown is None:
        return False
    difference = np.asarray(shown).astype(int) - np.asarray(probe.convert("RGB"))
    return int(abs(difference).max()) <= _ROUNDING
