"""Models without a seed: draws several pictures for each sample until the set decides."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from PIL import Image

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.pictures import store_derivatives
from marketplace.verification import operations
from marketplace.verification.decision import Outcome
from marketplace.verification.distributional import (
    LABEL,
    MIN_DRAWS,
    SetFinding,
    Stratum,
    decide_set,
    stratum,
)
from marketplace.verification.spending import Ceilings
from marketplace.verification.sprt import sample_order
from workers.descriptors import style
from workers.engines.contract import MAX_SEED, GenerationRequest, ImageGenerator
from workers.engines.draws import DrawRequest, SetGenerator
from workers.heartbeat import Heartbeat
from workers.runs.evidence import Original
from workers.runs.generation import public_provenance
from workers.runs.jobs import RunJob, SampleJob
from workers.runs.provenance import provenance_of_samples
from workers.spending import ListingPurse

DRAWS = 4
"""Pictures for each sample; at least MIN_DRAWS."""
METHOD = f"{style.__name__.rpartition('.')[2]}-{style.LENGTH}/{DRAWS}"
REASONS = {
    Outcome.REPRODUCED: "The samples belong among pictures that the model draws from this prompt.",
    Outcome.MISMATCH: "The samples do not belong among pictures that the model draws from this "
    "prompt.",
    Outcome.HUMAN: "The pictures do not decide whether the samples belong among them.",
    Outcome.CONTINUE: "Not decided yet.",
}


@dataclass(frozen=True)
class Drawn:
    """What the model made of one sample's prompt."""

    images: Sequence[Image.Image] = field(repr=False)
    provenance: dict[str, Any] = field(repr=False)
    spent: int


class Drawer(Protocol):
    """Draws pictures from a sample's prompt."""

    def __call__(self, sample: SampleJob) -> Drawn: ...


def decide_by_drawing(
    parts: Services,
    job: RunJob,
    engine: ImageGenerator | SetGenerator,
    originals: Mapping[str, Original],
    heart: Heartbeat,
) -> None:
    """Draw sample by sample until the set decides; each sample is recorded before the next.

    Raises EngineError and LeaseLostError.
    """
    draw = _drawer(parts, job, engine, heart)
    order = sample_order(job.order_secret, [sample.sample_id for sample in job.samples])
    samples = {sample.sample_id: sample for sample in job.samples}
    path = _recorded(job)
    signed = provenance_of_samples(parts, job, engine)
    for sample_id in order[len(path) :]:
        if path and _finding(path, len(order)).outcome is not Outcome.CONTINUE:
            break
        heart.alive()
        drawn = draw(samples[sample_id])
        path.append(_step(parts, sample_id, originals[sample_id], drawn))
        with heart.recording(), unit_of_work(parts.database) as session:
            operations.record_look(
                session,
                job.lease.run_id,
                job.lease.token,
                {**_as_dict(path, len(order)), "provenance": signed},
                drawn.spent,
                provenance=drawn.provenance,
            )


def _drawer(
    parts: Services, job: RunJob, engine: ImageGenerator | SetGenerator, heart: Heartbeat
) -> Drawer:
    if not hasattr(engine, "draw"):
        return lambda sample: _draw_with_seeds(job, engine, sample, heart)  # type: ignore[arg-type]
    settings = parts.settings
    purse = ListingPurse(
        parts.database,
        job.model.provider,
        job.model.slug,
        job.listing_id,
        Ceilings(settings.openai_listing_ceiling, settings.openai_daily_ceiling),
    )

    def draw(sample: SampleJob) -> Drawn:
        request = _request(sample)
        result = engine.draw(
            DrawRequest(request.prompt, DRAWS, request.width, request.height, job.model.options),
            purse,
        )
        return Drawn(result.images, result.provenance.as_dict(), len(result.images))

    return draw


def _draw_with_seeds(
    job: RunJob, engine: ImageGenerator, sample: SampleJob, heart: Heartbeat
) -> Drawn:
    """A model that takes seeds which do not decide the picture: any seeds will do, secret ones."""
    images, spent, provenance = [], 0, {}
    for number in range(DRAWS):
        label = f"{sample.sample_id}/{number}".encode()
        digest = hmac.digest(job.order_secret, label, hashlib.sha256)
        seed = int.from_bytes(digest[:8]) & MAX_SEED
        result = engine.generate(replace(_request(sample), seed=seed), heart.on_step)
        images.append(result.image)
        spent += result.evaluations
        provenance = public_provenance(result.provenance)
    return Drawn(images, provenance, spent)


def _request(sample: SampleJob) -> GenerationRequest:
    if sample.request is None:
        raise ValueError("this model is not run")
    return sample.request


def _step(parts: Services, sample_id: str, original: Original, drawn: Drawn) -> dict[str, Any]:
    if len(drawn.images) < MIN_DRAWS:
        raise ValueError("too few pictures were drawn")
    own = style.descriptor(original.image).astype(np.float64)
    others = np.stack([style.descriptor(image) for image in drawn.images]).astype(np.float64)
    return {
        "sample_id": sample_id,
        "isolation": list(stratum(own, others).isolation),
        "draws": [store_derivatives(parts.blobs, image) for image in drawn.images],
    }


def _recorded(job: RunJob) -> list[dict[str, Any]]:
    """What an earlier holder had drawn, if by the same method."""
    known = job.decision or {}
    same = known.get("calibration", {}).get("version") == METHOD
    return list(known["path"]) if same else []


def _finding(path: Sequence[Mapping[str, Any]], samples: int) -> SetFinding:
    return decide_set([Stratum(tuple(step["isolation"])) for step in path], samples)


def _as_dict(path: Sequence[dict[str, Any]], samples: int) -> dict[str, Any]:
    """The counterpart of Decision.as_dict."""
    finding = _finding(path, samples)
    return {
        "method": LABEL,
        "outcome": finding.outcome.value,
        "reason": REASONS[finding.outcome],
        "calibration": {"version": METHOD, "calibrated": False},
        "total": round(finding.total, 3),
        "p_value": finding.p_value,
        "scores": [round(min(score, 1e6), 3) for score in finding.scores],
        "draws": finding.draws,
        "path": list(path),
        "samples": samples,
    }
