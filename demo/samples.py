"""How the demo's sellers get their pictures: the house model, or, for thieves, someone's page."""

from __future__ import annotations

import io
from typing import Protocol

from PIL import Image, ImageOps

from demo.script import ContentError, DemoScript, Lift, ListingScript, SampleScript
from demo.stored import Recipe, find_listing, public_jpeg_of
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.blobs import public_key
from marketplace.prompts import fill, parse
from workers.engines.contract import GenerationRequest, ImageGenerator

STOLEN_QUALITY = 80
"""JPEG quality of a re-saved picture: a thief's copy is never the very same file."""


class Engines(Protocol):
    """Where engines are found by key, as workers.engines.registry offers it."""

    def get(self, key: str) -> ImageGenerator:
        """The engine of that key."""
        ...


class Studio:
    """Makes the pictures that sellers upload. Holds no transaction while the model runs."""

    def __init__(self, services: Services, script: DemoScript, engines: Engines) -> None:
        self._services = services
        self._script = script
        self._engines = engines

    def picture(self, listing: ListingScript, sample: SampleScript, recipe: Recipe) -> bytes:
        """The file that the seller uploads for a sample: a PNG of the run, or a stolen JPEG.

        Raises:
            EngineError: the model cannot run.
            ContentError: the listing that is stolen from is not there.
        """
        truth = sample.truth
        if truth is not None and truth.lift is not None:
            return self._lifted(truth.lift)
        prompt, seed = fill(parse(listing.prompt), sample.values), sample.seed
        if truth is not None:
            prompt = prompt if truth.prompt is None else truth.prompt
            seed = seed if truth.seed is None else truth.seed
        request = GenerationRequest(
            prompt=prompt,
            seed=seed,
            steps=recipe.steps,
            guidance_scale=recipe.guidance,
            scheduler=recipe.scheduler,
            width=recipe.width,
            height=recipe.height,
        )
        return _encoded(self._engines.get(recipe.engine).generate(request).image, "PNG")

    def _lifted(self, lift: Lift) -> bytes:
        source = self._script.listing(lift.source)
        with unit_of_work(self._services.database) as session:
            stored = find_listing(session, source)
            version_id = stored.version_id if stored else None
            name = public_jpeg_of(session, version_id, lift.sample)
        if name is None:
            raise ContentError(f"{lift.source} has no sample {lift.sample} to lift")
        data = self._services.blobs.get(public_key(name))
        with Image.open(io.BytesIO(data)) as opened:
            picture = ImageOps.mirror(opened) if lift.mirrored else opened.copy()
        return _encoded(picture, "JPEG", quality=STOLEN_QUALITY)


def _encoded(image: Image.Image, fmt: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()
