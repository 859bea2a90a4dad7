"""A claimed run, copied out of the database so that no transaction stays open meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.models import ListingVersion, Sample
from marketplace.listings.tiers import Tier
from marketplace.prompts.filling import fill
from marketplace.prompts.grammar import Template, parse
from marketplace.verification import operations
from marketplace.verification.models import VerificationRun
from workers.engines.contract import CPU_NOISE, GenerationRequest


@dataclass(frozen=True)
class Lease:
    """What proves to the database that this worker holds the run."""

    run_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class SampleJob:
    """One sample: its picture, and the request that should make it again."""

    sample_id: str
    number: int
    original_key: str
    request: GenerationRequest | None = field(repr=False)
    """None where the model is not re-run."""


@dataclass(frozen=True)
class ModelFacts:
    """What a provider's engine needs to know of the target model."""

    slug: str
    provider: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class RunJob:
    """Everything a worker needs to know of a run."""

    lease: Lease
    listing_id: str
    engine: str
    """The target model's source: the key of its engine."""
    tier: Tier
    model: ModelFacts
    samples: tuple[SampleJob, ...]
    order_secret: bytes = field(repr=False)
    decision: Mapping[str, Any] | None = field(repr=False, default=None)
    """What an earlier holder had found out, as Decision.as_dict wrote it."""


def build_job(session: Session, vault: PromptVault, lease: Lease) -> RunJob:
    """The job of a run that this lease holds.

    Raises:
        LeaseLostError: when the lease does not hold it any more.
        VaultError, TemplateError, FillError: when the prompt cannot be made of what is stored.
    """
    run = operations.begin_run(session, lease.run_id, lease.token)
    version = session.get_one(ListingVersion, run.version_id)
    template = parse(vault.open(version.prompt_sealed)) if version.tier.is_rerun else None
    return RunJob(
        lease=lease,
        listing_id=version.listing_id,
        engine=run.engine,
        tier=version.tier,
        model=_facts(version),
        samples=tuple(
            SampleJob(
                sample_id=sample.id,
                number=sample.position,
                original_key=sample.original_key,
                request=None if template is None else _request(version, template, sample),
            )
            for sample in version.samples
        ),
        order_secret=run.order_secret,
        decision=_known(run),
    )


def _facts(version: ListingVersion) -> ModelFacts:
    model = version.target_model
    return ModelFacts(model.slug, model.engine, dict(model.options))


def _known(run: VerificationRun) -> dict[str, Any] | None:
    return None if run.decision is None else dict(run.decision)


def _request(version: ListingVersion, template: Template, sample: Sample) -> GenerationRequest:
    return GenerationRequest(
        prompt=fill(template, sample.values),
        seed=sample.seed or 0,  # models without seeds ignore it
        steps=version.steps,
        guidance_scale=version.guidance,
        scheduler=version.scheduler,
        width=version.width,
        height=version.height,
        noise_source=CPU_NOISE,
    )
