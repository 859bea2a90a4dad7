"""Draws the contact sheet: one page of the model's pictures, without picking and choosing seeds."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from house_model.bundle import WEIGHTS, load_weights
from house_model.evaluate import generate

PROMPTS: tuple[str, ...] = (
    "paper-cut lighthouse by the sea at sunset, coral palette, the sun",
    "watercolour mountains at dawn, rose palette, full moon, pine trees",
    "travel poster of a castle and mountains at dusk, violet, crescent moon",
    "paper-cut sailboat on the sea at night, indigo, full moon",
    "round badge, a fox and hills at sunset, gold palette, the sun, poster",
    "arched window, hot-air balloon and dunes at dawn, coral, paper-cut",
    "paper-cut cabin and mountains under the northern lights, teal, full moon",
    "poster of a lone tree and hills at noon, emerald, the sun",
    "watercolour of desert dunes at sunset, gold tones, a big sun",
    "paper-cut pine trees in front of mountains at night, indigo, crescent moon",
    "poster, a canyon at dusk, coral palette, full moon, hot-air balloon",
    "round badge, paper-cut sailboat and the sea at dawn, teal, the sun",
    "arched window, watercolour castle and hills at dusk, rose, crescent moon",
    "paper-cut mountains in a storm, violet palette",
    "poster of a lighthouse and the sea in a storm, indigo",
    "paper-cut fox in front of hills at night, emerald, full moon",
    "watercolour sailboat and islands in the sea at noon, teal, the sun",
    "round badge, poster of a lighthouse by the sea at night, indigo, full moon",
    "paper-cut layered hills at sunset, rose palette, the sun",
    "poster of pine trees and mountains under the northern lights, emerald",
    "arched window, paper-cut lone tree and dunes at night, gold, crescent moon",
    "watercolour cabin by mountains at dawn, violet, full moon",
    "poster, castle on hills at sunset, gold, the sun",
    "paper-cut hot-air balloon over a canyon at noon, coral, the sun",
)


def draw_sheet(weights: Path, path: Path, columns: int = 6, gap: int = 12, side: int = 256) -> None:
    """Generate `PROMPTS` with the seeds 1, 2, 3, … and lay the pictures out on paper white."""
    pixels = generate(load_weights(weights), list(PROMPTS), list(range(1, len(PROMPTS) + 1)))
    rows = -(-len(PROMPTS) // columns)
    size = (columns * (side + gap) + gap, rows * (side + gap) + gap)
    sheet = Image.new("RGB", size, (250, 248, 243))
    for number, picture in enumerate(pixels):
        row, column = divmod(number, columns)
        at = (gap + column * (side + gap), gap + row * (side + gap))
        sheet.paste(Image.fromarray(np.ascontiguousarray(picture)).resize((side, side)), at)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, quality=90)


def main(arguments: list[str] | None = None) -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(
        prog="python -m house_model.contact_sheet", description=__doc__
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--output", type=Path, default=Path("docs/images/contact-sheet.webp"))
    options = parser.parse_args(arguments)
    draw_sheet(options.weights, options.output)


if __name__ == "__main__":
    main()
