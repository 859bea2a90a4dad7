"""What people do to a picture that they pass off as theirs."""

from __future__ import annotations

from dataclasses import dataclass

from bench.copies.changes import (
    Change,
    blurred,
    bordered,
    captioned,
    chain,
    collage,
    cropped,
    encoded,
    flipped,
    grey,
    lettering,
    levels,
    noisy,
    painted_over,
    pixelated,
    posterised,
    quarter,
    rotated,
    scaled,
    screenshot,
    sharpened,
    slanted,
    sticker,
    turned_hue,
    vignette,
    watermark,
)
from bench.copies.seams import without_seams


@dataclass(frozen=True)
class Edit:
    """One edit and the group whose goal it counts for."""

    name: str
    group: str
    apply: Change


EDITS: tuple[Edit, ...] = (
    Edit("none (saved again)", "benign", lambda pixels, room: pixels.copy()),
    Edit("JPEG q90", "benign", encoded("JPEG", 90)),
    Edit("JPEG q60", "benign", encoded("JPEG", 60)),
    Edit("JPEG q30", "benign", encoded("JPEG", 30)),
    Edit("JPEG twice", "benign", chain(encoded("JPEG", 55), encoded("JPEG", 80))),
    Edit("WebP q70", "benign", encoded("WEBP", 70)),
    Edit("AVIF q60", "benign", encoded("AVIF", 60)),
    Edit("half the size", "benign", scaled(0.5, 0.5)),
    Edit("twice the size", "benign", scaled(2.0, 2.0)),
    Edit("blur 1.5 px", "benign", blurred(1.5)),
    Edit("noise 12 levels", "benign", noisy(12)),
    Edit("brighter by 25 %", "benign", levels(lambda v: v * 1.25)),
    Edit("darker by 30 %", "benign", levels(lambda v: v * 0.7)),
    Edit("contrast + 40 %", "benign", levels(lambda v: (v - 0.5) * 1.4 + 0.5)),
    Edit("contrast - 40 %", "benign", levels(lambda v: (v - 0.5) * 0.6 + 0.5)),
    Edit("watermark", "benign", watermark),
    Edit("gamma 1.8", "colour", levels(lambda v: v**1.8)),
    Edit("hue by 90°", "colour", turned_hue(90)),
    Edit("greyscale", "colour", grey),
    Edit("posterised", "colour", posterised),
    Edit("vignette", "colour", vignette),
    Edit("sharpened", "colour", sharpened),
    Edit("pixelated", "colour", pixelated),
    Edit("lettering", "overlay", lettering),
    Edit("sticker", "overlay", sticker),
    Edit("patch inpainted", "overlay", painted_over),
    Edit("caption bar on top", "frame", captioned(top=True)),
    Edit("caption bar below", "frame", captioned(top=False)),
    Edit("border 6 %", "frame", bordered(0.06, 0.06, 20)),
    Edit("letterbox 15 %", "frame", bordered(0.0, 0.15, 0)),
    Edit("screenshot", "frame", screenshot),
    Edit("collage of four", "frame", collage),
    Edit("crop 5 %", "crop", cropped(0.05)),
    Edit("crop 10 %", "crop", cropped(0.10)),
    Edit("crop 20 %", "crop", cropped(0.20)),
    Edit("crop 30 %", "crop", cropped(0.30)),
    Edit("crop 50 %", "crop", cropped(0.50)),
    Edit("aspect 4:3", "shape", scaled(1.333, 1.0)),
    Edit("rotated by 3°", "shape", rotated(3)),
    Edit("rotated by 10°", "shape", rotated(10)),
    Edit("rotated by 45°", "shape", rotated(45)),
    Edit("slanted", "shape", slanted),
    Edit("seam-carved by 10 %", "shape", lambda pixels, room: without_seams(pixels, 0.1)),
    Edit("mirrored", "flip", flipped(1)),
    Edit("upside down", "flip", flipped(0)),
    Edit("turned by 90°", "flip", quarter(1)),
    Edit("turned by 180°", "flip", quarter(2)),
    Edit("turned by 270°", "flip", quarter(3)),
    Edit(
        "mirrored, crop 20 %, JPEG q40",
        "mixed",
        chain(flipped(1), cropped(0.2), encoded("JPEG", 40)),
    ),
    Edit("rotated 8°, hue 40°, lettering", "mixed", chain(rotated(8), turned_hue(40), lettering)),
)
