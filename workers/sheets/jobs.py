"""A claimed report, copied out of the database so that no transaction stays open meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.models import ListingVersion
from marketplace.prompts import fill, parse
from marketplace.verification.consistency import operations, queries
from marketplace.verification.consistency.states import Purpose
from marketplace.verification.preflight import operations as preflights
from workers.engines.contract import GenerationRequest


class DraftChanged(Exception):
    """The draft that a preview was planned for is not what it was."""


@dataclass(frozen=True)
class Shot:
    """One picture that has still to be made."""

    number: int
    request: GenerationRequest = field(repr=False)


@dataclass(frozen=True)
class ReportJob:
    """Everything a worker needs to know of a report."""

    report_id: str
    lease: str = field(repr=False)
    version_id: str
    engine: str
    is_preview: bool
    shots: tuple[Shot, ...]


def build_job(session: Session, vault: PromptVault, report_id: str, lease: str) -> ReportJob:
    """The job of a report that this lease holds.

    Raises:
        LeaseLostError: when the lease does not hold it any more.
        DraftChanged: nobody wants the preview any more; its values may not even fit.
        VaultError, TemplateError, FillError: when the prompt cannot be made of what is stored.
    """
    report = operations.held_report(session, report_id, lease)
    is_preview = report.purpose is Purpose.PREVIEW
    if is_preview and not preflights.still_wanted(session, report.id):
        raise DraftChanged
    version = session.get_one(ListingVersion, report.version_id)
    template = parse(vault.open(version.prompt_sealed))
    return ReportJob(
        report_id=report.id,
        lease=lease,
        version_id=report.version_id,
        engine=report.engine,
        is_preview=is_preview,
        shots=tuple(
            Shot(
                picture.number,
                GenerationRequest(
                    prompt=fill(template, picture.values),
                    seed=picture.seed,
                    steps=version.steps,
                    guidance_scale=version.guidance,
                    scheduler=version.scheduler,
                    width=version.width,
                    height=version.height,
                ),
            )
            for picture in queries.planned_pictures(session, report.id)
        ),
    )
