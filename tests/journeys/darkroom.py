"""Makes a seller's pictures by running the house model: python -m tests.journeys.darkroom FOLDER

Reads a JSON list of {"name", "prompt", "seed", "steps", "guidance"} from stdin, in the order in
which they are wanted, and writes FOLDER/<name>.png, each whole or not at all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workers.engines.contract import GenerationRequest
from workers.engines.registry import HOUSE, build_registry

WEIGHTS = Path(__file__).parents[2] / "house_model" / "weights"


def main(folder: Path) -> None:
    """Make every picture of the list."""
    engine = build_registry(WEIGHTS).get(HOUSE)
    for order in json.load(sys.stdin):
        request = GenerationRequest(
            prompt=order["prompt"],
            seed=order["seed"],
            steps=order["steps"],
            guidance_scale=order["guidance"],
            scheduler="dpmpp_2m",
            width=256,
            height=256,
        )
        draft = folder / f".{order['name']}"
        engine.generate(request).image.save(draft, "PNG")
        draft.replace(folder / f"{order['name']}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
