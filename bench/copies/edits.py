"""What people do to a picture that they pass off as theirs. Every edit is reproducible by seed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.copies.seams import without_seams

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Room:
    """What an edit may draw on: its own random numbers, and pictures by others."""

    rng: np.random.Generator
    strangers: list[Pixels]


Change = Callable[[Pixels, Room], Pixels]


@dataclass(frozen=True)
class Edit:
    """One edit and the group whose goal it counts for."""

    name: str
    group: str
    apply: Change


def encoded(kind: str, quality: int) -> Change:
    def change(pixels: Pixels, room: Room) -> Pixels:
        buffer = io.BytesIO()
        fast = {"speed": 10} if kind == "AVIF" else {}
        Image.fromarray(pixels).save(buffer, kind, quality=quality, **fast)
        return np.asarray(Image.open(buffer).convert("RGB"))

    return change


def scaled(across: float, down: float) -> Change:
    def change(pixels: Pixels, room: Room) -> Pixels:
        size = (round(pixels.shape[1] * across), round(pixels.shape[0] * down))
        how = cv2.INTER_AREA if across < 1 else cv2.INTER_CUBIC
        return cv2.resize(pixels, size, interpolation=how)

    return change


def levels(curve: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Change:
    """Every channel's value in 0..1 through a curve."""

    def change(pixels: Pixels, room: Room) -> Pixels:
        table = curve(np.arange(256, dtype=np.float32) / 255)
        return (np.clip(table, 0, 1) * 255).astype(np.uint8)[pixels]

    return change


def blurred(sigma: float) -> Change:
    return lambda pixels, room: cv2.GaussianBlur(pixels, (0, 0), sigma)


def noisy(sigma: float) -> Change:
    return lambda pixels, room: _bytes(pixels + room.rng.normal(0, sigma, pixels.shape))


def turned_hue(degrees: int) -> Change:
    def change(pixels: Pixels, room: Room) -> Pixels:
        colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
        colours[..., 0] = (colours[..., 0].astype(int) + degrees // 2) % 180
        return cv2.cvtColor(colours, cv2.COLOR_HSV2RGB)

    return change


def grey(pixels: Pixels, room: Room) -> Pixels:
    return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def vignette(pixels: Pixels, room: Room) -> Pixels:
    height, width = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return _bytes(pixels * (1 - 0.35 * np.clip(x**2 + y**2, 0, 2) ** 1.2)[..., None])


def watermark(pixels: Pixels, room: Room) -> Pixels:
    """One faint line of large letters across the middle."""
    height, width = pixels.shape[:2]
    lettered = pixels.copy()
    at = (int(width * 0.12), int(height * room.rng.uniform(0.45, 0.6)))
    cv2.putText(lettered, "PREVIEW", at, 0, width / 190, (255, 255, 255), 2, cv2.LINE_AA)
    return cv2.addWeighted(lettered, 0.3, pixels, 0.7, 0)


def lettering(pixels: Pixels, room: Room) -> Pixels:
    """Two solid lines of text with dark edges, as on a meme."""
    image = pixels.copy()
    height, width = image.shape[:2]
    for share in (0.16, 0.93):
        for colour, thick in (((0, 0, 0), 6), ((255, 255, 255), 2)):
            at = (int(width * 0.06), int(height * share))
            cv2.putText(image, "SO TRUE IT HURTS", at, 0, width / 330, colour, thick, cv2.LINE_AA)
    return image


def sticker(pixels: Pixels, room: Room) -> Pixels:
    """A round face that hides a twentieth of the picture."""
    image = pixels.copy()
    height, width = image.shape[:2]
    size = int(min(height, width) * 0.13)
    x, y = (int(room.rng.uniform(0.25, 0.75) * side) for side in (width, height))
    cv2.circle(image, (x, y), size, (255, 214, 40), -1, cv2.LINE_AA)
    for way in (-1, 1):
        cv2.circle(image, (x + way * size // 3, y - size // 4), size // 7, (40, 30, 10), -1)
    cv2.ellipse(image, (x, y + size // 6), (size // 2, size // 3), 0, 0, 180, (40, 30, 10), 3)
    return image


def painted_over(pixels: Pixels, room: Room) -> Pixels:
    """A patch of a fifth of each side filled in from around it (inpainting)."""
    height, width = pixels.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    top, left = (int(room.rng.uniform(0.15, 0.65) * side) for side in (height, width))
    mask[top : top + height // 5, left : left + width // 5] = 255
    return cv2.inpaint(pixels, mask, 3, cv2.INPAINT_TELEA)


def captioned(top: bool) -> Change:
    def change(pixels: Pixels, room: Room) -> Pixels:
        height, width = pixels.shape[:2]
        bar = np.full((int(height * 0.18), width, 3), 255, np.uint8)
        at = (int(width * 0.05), int(height * 0.12))
        cv2.putText(bar, "when it just works", at, 0, width / 380, (15, 15, 15), 1, cv2.LINE_AA)
        return np.vstack([bar, pixels] if top else [pixels, bar])

    return change


def bordered(across: float, down: float, colour: int) -> Change:
    def change(pixels: Pixels, room: Room) -> Pixels:
        y, x = int(pixels.shape[0] * down), int(pixels.shape[1] * across)
        return np.pad(pixels, ((y, y), (x, x), (0, 0)), constant_values=colour)

    return change


def cropped(share: float) -> Change:
    """That share of each side cut away, anywhere."""

    def change(pixels: Pixels, room: Room) -> Pixels:
        height, width = pixels.shape[:2]
        top = int(room.rng.uniform(0, share) * height)
        left = int(room.rng.uniform(0, share) * width)
        down, across = round(height * (1 - share)), round(width * (1 - share))
        return np.ascontiguousarray(pixels[top : top + down, left : left + across])

    return change


def rotated(degrees: float) -> Change:
    """Turned about its middle, the corners black."""

    def change(pixels: Pixels, room: Room) -> Pixels:
        height, width = pixels.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR)

    return change


def quarter(turns: int) -> Change:
    return lambda pixels, room: np.ascontiguousarray(np.rot90(pixels, turns))


def flipped(axis: int) -> Change:
    return lambda pixels, room: np.ascontiguousarray(np.flip(pixels, axis))


def slanted(pixels: Pixels, room: Room) -> Pixels:
    """Seen from the side: every corner moved by up to a tenth."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + room.rng.uniform(-0.1, 0.1, (4, 2)) * (width, height)
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return cv2.warpPerspective(pixels, matrix, (width, height))


def collage(pixels: Pixels, room: Room) -> Pixels:
    """One of four pictures, two by two."""
    height, width = pixels.shape[:2]
    parts = [pixels]
    for number in room.rng.choice(len(room.strangers), 3, replace=False):
        parts.append(cv2.resize(room.strangers[number], (width, height)))
    a, b, c, d = (parts[number] for number in room.rng.permutation(4))
    return np.vstack([np.hstack([a, b]), np.hstack([c, d])])


def screenshot(pixels: Pixels, room: Room) -> Pixels:
    """In a window of some program, with a bar, text beside it and a shadow."""
    height, width = pixels.shape[:2]
    screen = np.full((int(height * 1.45), int(width * 1.5), 3), 243, np.uint8)
    cv2.rectangle(screen, (0, 0), (screen.shape[1], int(height * 0.12)), (52, 60, 78), -1)
    for number in range(3):
        cv2.circle(screen, (12 + 16 * number, int(height * 0.06)), 5, (230, 90, 70), -1)
    top = int(height * room.rng.uniform(0.17, 0.28))
    left = int(width * room.rng.uniform(0.05, 0.4))
    screen[top : top + height, left : left + width] = pixels
    for number in range(4):
        at = (10, int(height * (1.32 + 0.04 * number)))
        cv2.putText(screen, "Lorem ipsum dolor sit amet", at, 0, 0.35, (90, 90, 90), 1)
    return screen


def posterised(pixels: Pixels, room: Room) -> Pixels:
    return (pixels // 52 * 52 + 20).astype(np.uint8)


def pixelated(pixels: Pixels, room: Room) -> Pixels:
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (width // 5, height // 5), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def sharpened(pixels: Pixels, room: Room) -> Pixels:
    return _bytes(pixels * 2.0 - cv2.GaussianBlur(pixels, (0, 0), 2.0))


def chain(*changes: Change) -> Change:
    def change(pixels: Pixels, room: Room) -> Pixels:
        for each in changes:
            pixels = each(pixels, room)
        return pixels

    return change


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return np.clip(values, 0, 255).astype(np.uint8)


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
