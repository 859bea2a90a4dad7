"""Ways to change a picture, one function each. Every change is reproducible by seed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Room:
    """What an edit may draw on: its own random numbers, and pictures by others."""

    rng: np.random.Generator
    strangers: list[Pixels]


Change = Callable[[Pixels, Room], Pixels]


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
