"""Makes pictures, and none of them twice: the cache before an engine."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.blobs import BlobMissingError
from marketplace.listings import operations as listings
from marketplace.verification import cache
from marketplace.verification.models import CachedGeneration
from workers.engines.contract import (
    GenerationRequest,
    ImageGenerator,
    PreviewListener,
    Provenance,
    StepListener,
)
from workers.fingerprints.colour import colour_signature
from workers.fingerprints.hashes import DEFINITION_VERSION, Fingerprint, fingerprint
from workers.runs.evidence import columns_of

# Not what decides a pixel: how long it took, and who may know the seed.
_NO_FACTS = frozenset({"seconds"})


@runtime_checkable
class Foresees(Protocol):
    """An engine that can say how it would make a picture before it does."""

    def plan(self, request: GenerationRequest) -> Provenance:
        """The provenance that `generate` would state, with 0 seconds. Raises EngineUnavailable."""
        ...


@dataclass(frozen=True)
class Picture:
    """A finished picture with all that is derived from it.

    ``evaluations`` were spent now: 0 for a picture from the cache. ``seconds`` it took to make.
    """

    image: Image.Image = field(repr=False)
    prints: Fingerprint
    colours: bytes = field(repr=False)
    """Colour signature (workers.fingerprints.colour)."""
    derivatives: list[dict[str, Any]] = field(repr=False)
    provenance: dict[str, Any] = field(repr=False)
    evaluations: int
    seconds: float
    prompt_truncated: bool
    cached: bool


class Maker:
    """One engine with the cache before it.

    Engines that do not take a seed, or cannot say beforehand how they would make a picture, are
    asked every time.
    """

    def __init__(self, parts: Services, source: str, engine: ImageGenerator) -> None:
        self._parts, self._source, self.engine = parts, source, engine

    def plan(self, request: GenerationRequest) -> Provenance | None:
        """How the engine would make it, where it knows. Raises EngineUnavailable."""
        return self.engine.plan(request) if isinstance(self.engine, Foresees) else None

    def make(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> Picture:
        """The picture, from the cache or new. A picture from the cache shows no previews.

        Raises what the engine raises: EngineInterrupted when a preview was the end of it.
        """
        key = self._key(request)
        found = self._find(key) if key is not None else None
        if found is not None:
            return found
        result = self.engine.generate(request, on_step, on_preview)
        provenance = public_provenance(result.provenance)
        picture = Picture(
            image=result.image,
            prints=fingerprint(result.image),
            colours=colour_signature(result.image),
            # Content-addressed: a repetition writes the same bytes under the same keys.
            derivatives=listings.store_derivatives(self._parts.blobs, result.image),
            provenance=provenance,
            evaluations=result.evaluations,
            seconds=result.provenance.seconds,
            prompt_truncated=result.prompt_truncated,
            cached=False,
        )
        if key is not None:
            self._keep(key, picture)
        return picture

    def _key(self, request: GenerationRequest) -> bytes | None:
        plan = self.plan(request) if self.engine.capability.reproducible else None
        if plan is None:
            return None
        facts = {name: value for name, value in plan.as_dict().items() if name not in _NO_FACTS}
        texts = (request.prompt, request.negative_prompt)
        return cache.cache_key(self._parts.vault, self._source, facts, *texts)

    def _find(self, key: bytes) -> Picture | None:
        with unit_of_work(self._parts.database) as session:
            row = cache.find(session, key)
            if row is None:
                return None
            try:
                data = self._parts.blobs.get(row.blob_key)
            except BlobMissingError:
                cache.forget(session, key)
                return None
            return _picture_of(row, data)

    def _keep(self, key: bytes, picture: Picture) -> None:
        buffer = io.BytesIO()
        picture.image.save(buffer, "PNG", compress_level=1)
        # The file before its row: a row must never point at nothing.
        self._parts.blobs.put(cache.blob_key_of(key), buffer.getvalue(), "image/png")
        with unit_of_work(self._parts.database) as session:
            cache.remember(
                session,
                key,
                engine=self._source,
                derivatives=picture.derivatives,
                provenance=picture.provenance,
                evaluations=picture.evaluations,
                seconds=picture.seconds,
                prompt_truncated=picture.prompt_truncated,
                **columns_of(picture.prints),
            )


def public_provenance(provenance: Provenance) -> dict[str, Any]:
    """What made a picture, without the seed: that belongs to the buyers."""
    return {name: value for name, value in provenance.as_dict().items() if name != "seed"}


def _picture_of(row: CachedGeneration, data: bytes) -> Picture:
    with Image.open(io.BytesIO(data)) as stored:
        image = stored.convert("RGB")
    return Picture(
        image=image,
        prints=_prints_of(row) or fingerprint(image),
        colours=colour_signature(image),
        derivatives=list(row.derivatives),
        provenance=dict(row.provenance),
        evaluations=0,
        seconds=row.seconds,
        prompt_truncated=row.prompt_truncated,
        cached=True,
    )


def _prints_of(row: CachedGeneration) -> Fingerprint | None:
    """The stored hashes, unless they follow an older definition."""
    if row.fingerprint_version != DEFINITION_VERSION:
        return None
    columns = {name: getattr(row, name) for name in ("pdq", "pdq_quality", "phash64", "dct256")}
    return Fingerprint(**columns)
