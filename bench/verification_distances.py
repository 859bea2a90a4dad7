"""How far authentic and forged samples of the house model lie from an honest re-run.

    python -m bench.verification_distances [--scenes 40] [--model house_model/weights]

Authentic samples are the image itself, re-encoded or resized; forged ones come from another seed,
another prompt or other settings than declared. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image

from house_model import grammar
from marketplace.verification.similarity import Band, Comparison, compare
from workers.engines.contract import GenerationRequest, ImageGenerator
from workers.engines.registry import HOUSE, build_registry
from workers.fingerprints.hashes import fingerprint

SIZE = 256

Change = Callable[[GenerationRequest, random.Random], GenerationRequest]

SETTINGS_CHANGED: dict[str, Change] = {
    "authentic: same request again": lambda r, _: r,
    "forged: other seed": lambda r, rng: replace(r, seed=_seed(rng)),
    "forged: other prompt, same seed": lambda r, rng: replace(r, prompt=_prompt(rng)),
    "forged: other prompt and seed": lambda r, rng: replace(
        r, prompt=_prompt(rng), seed=_seed(rng)
    ),
    "settings: one word of the prompt": lambda r, rng: replace(r, prompt=_one_word(r, rng)),
    "settings: guidance + 1": lambda r, _: replace(r, guidance_scale=r.guidance_scale + 1),
    "settings: guidance - 1": lambda r, _: replace(r, guidance_scale=r.guidance_scale - 1),
    "settings: 10 steps": lambda r, _: replace(r, steps=10),
    "settings: 19 steps": lambda r, _: replace(r, steps=19),
    "settings: dpmpp_2m_karras": lambda r, _: replace(r, scheduler="dpmpp_2m_karras"),
    "settings: euler": lambda r, _: replace(r, scheduler="euler"),
    "settings: ddim": lambda r, _: replace(r, scheduler="ddim"),
    "settings: unipc": lambda r, _: replace(r, scheduler="unipc"),
}

EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "authentic: JPEG q60": lambda image: _encoded(image, "JPEG", 60),
    "authentic: JPEG q30": lambda image: _encoded(image, "JPEG", 30),
    "authentic: WebP q80": lambda image: _encoded(image, "WEBP", 80),
    "authentic: enlarged to 512": lambda image: image.resize((512, 512), Image.Resampling.LANCZOS),
    "authentic: reduced to 192": lambda image: image.resize((192, 192), Image.Resampling.LANCZOS),
    "edited: 5 % cropped": lambda image: image.crop((7, 7, SIZE - 6, SIZE - 6)),
}


def _seed(rng: random.Random) -> int:
    return rng.randrange(1 << 32)


def _prompt(rng: random.Random) -> str:
    return grammar.caption(rng, grammar.random_scene(rng))


def _one_word(request: GenerationRequest, rng: random.Random) -> str:
    """The prompt with one of the model's words exchanged for another of its attribute."""
    attributes = list(grammar.VOCABULARY)
    rng.shuffle(attributes)
    for attribute in attributes:
        values = grammar.VOCABULARY[attribute]
        for value, phrases in values.items():
            for phrase in sorted(phrases, key=len, reverse=True):
                if phrase in request.prompt:
                    other = rng.choice([v for v in values if v != value and values[v]])
                    return request.prompt.replace(phrase, values[other][0])
    return f"fox {request.prompt}"


def _encoded(image: Image.Image, kind: str, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return Image.open(buffer).convert("RGB")


def measure(engine: ImageGenerator, scenes: int) -> dict[str, list[Comparison]]:
    """Every kind of sample against the honest re-run, once per scene."""
    found: dict[str, list[Comparison]] = {name: [] for name in (*SETTINGS_CHANGED, *EDITS)}
    for index, request in enumerate(_requests(scenes)):
        rng = random.Random(f"change {index}")
        rerun = engine.generate(request).image
        truth = fingerprint(rerun)
        for name, edit in EDITS.items():
            found[name].append(compare(fingerprint(edit(rerun)), truth))
        for name, change in SETTINGS_CHANGED.items():
            sample = engine.generate(change(request, rng)).image
            found[name].append(compare(fingerprint(sample), truth))
        print(f"scene {index + 1} of {scenes}", flush=True)
    return found


def _requests(scenes: int) -> Iterator[GenerationRequest]:
    for index in range(scenes):
        rng = random.Random(f"scene {index}")
        yield GenerationRequest(
            prompt=_prompt(rng),
            seed=_seed(rng),
            steps=20,
            guidance_scale=4.0,
            scheduler="dpmpp_2m",
            width=SIZE,
            height=SIZE,
        )


def deciding_distance(comparison: Comparison) -> int:
    """The distance that the band was read from."""
    by_pdq = comparison.decided_by == "pdq"
    return comparison.pdq_distance if by_pdq else comparison.dct_distance


def summary(comparisons: list[Comparison]) -> dict[str, Any]:
    """Least, median and greatest deciding distance, the median of each hash, bands, quality."""
    distances = sorted(map(deciding_distance, comparisons))
    bands = Counter(comparison.band for comparison in comparisons)
    return {
        "least": distances[0],
        "median": median(distances),
        "greatest": distances[-1],
        "pdq": median(c.pdq_distance for c in comparisons),
        "dct256": median(c.dct_distance for c in comparisons),
        "phash64": median(c.phash_distance for c in comparisons),
        "bands": {band.value: bands[band] for band in Band},
        "least_quality": min(c.quality for c in comparisons),
    }


def main() -> None:
    """Measure, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=40)
    parser.add_argument("--model", type=Path, default=Path("house_model/weights"))
    options = parser.parse_args()
    found = measure(build_registry(options.model).get(HOUSE), options.scenes)
    rows = {name: summary(comparisons) for name, comparisons in found.items()}
    print(f"\n{'sample':36} least median greatest  pdq  dct phash  reproduced/grey/miss")
    for name, row in rows.items():
        bands = "/".join(str(count) for count in row["bands"].values())
        print(
            f"{name:36} {row['least']:5} {row['median']:6g} {row['greatest']:8} {row['pdq']:4g} "
            f"{row['dct256']:4g} {row['phash64']:5g}  {bands}"
        )
    kinds = {
        kind: [deciding_distance(c) for name in found if name.startswith(kind) for c in found[name]]
        for kind in ("authentic", "forged")
    }
    gap = {"authentic_greatest": max(kinds["authentic"]), "forged_least": min(kinds["forged"])}
    print(f"\nworst authentic {gap['authentic_greatest']}, closest forged {gap['forged_least']}")
    print(json.dumps({"scenes": options.scenes, **gap, "rows": rows}))


if __name__ == "__main__":
    main()
