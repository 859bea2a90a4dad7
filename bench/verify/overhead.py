"""What measuring costs a worker beside the bare pipeline, on the same images in the same run."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TypeVar

import torch
from PIL import Image

from bench.verify.plan import scene
from marketplace.gateways.blobs import open_blobs
from marketplace.images import read_upload
from marketplace.listings.pictures import store_derivatives
from marketplace.verification.calibration import Calibration
from marketplace.verification.decision import Look
from workers.engines.contract import GenerationRequest, PreviewListener, StepListener
from workers.engines.determinism import fresh_generator
from workers.engines.pipeline_cache import SHARED_CACHE, PipelineSpec
from workers.engines.registry import HOUSE, build_registry
from workers.engines.schedulers import build_scheduler
from workers.fingerprints.colour import colour_signature
from workers.fingerprints.hashes import fingerprint
from workers.runs.evidence import Original
from workers.runs.generation import Picture
from workers.runs.looking import Looker

SIDE = 256
T = TypeVar("T")


class UncachedMaker:
    """The worker's maker without its cache and database: engine, hashes, public copies."""

    def __init__(self, folder: Path, store: str) -> None:
        self.engine = build_registry(folder).get(HOUSE)
        self._blobs = open_blobs(store)

    def publish(self, image: Image.Image) -> list[dict[str, object]]:
        """Store the public copies of a picture."""
        return store_derivatives(self._blobs, image)

    def make(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> Picture:
        """As workers.runs.generation.Maker.make does for a picture that is not known."""
        result = self.engine.generate(request, on_step, on_preview)
        return Picture(
            image=result.image,
            prints=fingerprint(result.image),
            colours=colour_signature(result.image),
            derivatives=self.publish(result.image),
            provenance=result.provenance.as_dict(),
            evaluations=result.evaluations,
            seconds=result.provenance.seconds,
            prompt_truncated=result.prompt_truncated,
            cached=False,
        )


def overhead(folder: Path, record: Calibration, images: int, steps: int = 20) -> dict[str, float]:
    """Processor seconds of a worker's full look over the bare pipeline's, less one.

    Both take turns on the same requests, so that load hits both alike; processor time leaves
    waiting for the processor out.
    """
    with tempfile.TemporaryDirectory() as store:
        maker = UncachedMaker(folder, f"file://{store}")
        looker = Looker(maker, record, maker.publish, lambda step, steps: None)  # type: ignore[arg-type]
        loaded = SHARED_CACHE.get(PipelineSpec(folder, "cpu", torch.float32, safety_checker=False))
        bare_seconds, worker_seconds = [], []
        for number in range(images + 1):
            item = scene(f"overhead {number}")
            request = GenerationRequest(item.caption, item.seed, steps, 4.0, "dpmpp_2m", SIDE, SIDE)

            def bare(request: GenerationRequest = request) -> Image.Image:
                loaded.pipeline.scheduler = build_scheduler(
                    request.scheduler, loaded.scheduler_config
                )
                made = loaded.pipeline(
                    prompt=request.prompt,
                    num_inference_steps=request.steps,
                    guidance_scale=request.guidance_scale,
                    width=SIDE,
                    height=SIDE,
                    generator=fresh_generator(request.seed),
                ).images[0]
                return made.convert("RGB")

            sample, seconds = _timed(bare)
            buffer = io.BytesIO()
            sample.save(buffer, "JPEG", quality=90)
            upload = buffer.getvalue()

            def worker(
                request: GenerationRequest = request, upload: bytes = upload, n: int = number
            ) -> object:
                image = read_upload(upload, "sample").image
                original = Original(image, fingerprint(image), colour_signature(image))
                return looker.look(str(n), request, original, Look.FULL)

            _, with_measuring = _timed(worker)
            if number:  # the first image also pays for the libraries' lazy set-up
                bare_seconds.append(seconds)
                worker_seconds.append(with_measuring)
    ratios = [w / b for w, b in zip(worker_seconds, bare_seconds, strict=True)]
    return {
        "overhead": median(ratios) - 1,
        "bare_seconds": median(bare_seconds),
        "worker_seconds": median(worker_seconds),
    }


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    result = work()
    return result, time.process_time() - started
