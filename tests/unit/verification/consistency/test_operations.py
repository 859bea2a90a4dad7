"""Reports under attack: asked twice, two workers, dead workers, runs that go first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.leases import STALE_AFTER, LeaseLostError
from marketplace.listings.tiers import Tier
from marketplace.verification.consistency import operations, queries
from marketplace.verification.consistency.models import ConsistencyEvent, ConsistencyReport
from marketplace.verification.consistency.operations import MAX_ATTEMPTS, MadePicture
from marketplace.verification.consistency.plan import plan
from marketplace.verification.consistency.states import PictureState, Purpose, ReportState
from marketplace.verification.models import VerificationRun
from marketplace.verification.operations import request_run
from marketplace.verification.states import RunState
from tests.factories.consistency import SMALL, asked, pictures_of, proved_version


def claimed(session: Session) -> tuple[ConsistencyReport, str]:
    report = operations.claim_next(session)
    assert report is not None
    session.commit()
    return report, str(report.lease)


def test_the_rows_are_the_plan(session: Session, services: Services) -> None:
    version = proved_version(session, services)
    report = asked(session, version)
    values = [sample.values for sample in version.samples]
    planned = plan(version.id, version.variables, 2, 2, 3, values)
    rows = pictures_of(session, report)
    assert [(row.number, row.seed, row.values) for row in rows] == [
        (shot.number, shot.seed, shot.values) for shot in planned.shots
    ]
    assert report.pictures_total == len(rows) == 7
    assert report.left_out == planned.left_out > 0
    assert all(row.state is PictureState.PLANNED for row in rows)


def test_asking_twice_makes_one_report(session: Session, services: Services) -> None:
    version = proved_version(session, services)
    report = asked(session, version)
    assert asked(session, version).id == report.id
    # Even a fresh one waits for the open one.
    again = operations.request_report(session, version, SMALL, again=True)
    assert again is not None
    assert again.id == report.id
    preview = asked(session, version, purpose=Purpose.PREVIEW)
    assert preview.id != report.id


def test_the_table_allows_one_open_report(session: Session, services: Services) -> None:
    report = asked(session, proved_version(session, services))
    columns = {
        column.key: getattr(report, column.key)
        for column in ConsistencyReport.__mapper__.column_attrs
        if column.key not in ("id", "created_at")
    }
    session.add(ConsistencyReport(**columns))
    with pytest.raises(IntegrityError, match="uq_consistency_reports_open"):
        session.flush()


@pytest.mark.parametrize("change", [{"seedable": False}, {"cost_microdollars": 40_000}])
def test_models_without_seeds_or_with_a_price_have_none(
    session: Session, services: Services, change: dict[str, object]
) -> None:
    version = proved_version(session, services)
    model = version.target_model
    model.tier = Tier.DISTRIBUTIONAL
    for name, value in change.items():
        setattr(model, name, value)
    session.commit()
    assert operations.request_report(session, version, SMALL) is None


def test_a_run_that_waits_goes_first(session: Session, services: Services) -> None:
    version = proved_version(session, services)
    report = asked(session, version)
    run = request_run(session, proved_version(session, services))
    session.commit()
    assert operations.claim_next(session) is None
    assert queries.claimable_version_ids(session) == []
    assert queries.must_step_aside(session, report.id)
    run.not_before = now() + timedelta(minutes=5)  # a run that rests keeps nobody waiting
    session.commit()
    assert not queries.must_step_aside(session, report.id)
    run.not_before, run.queue = None, "engine.other"
    session.commit()
    assert queries.claimable_version_ids(session) == [(version.id, report.queue)]
    run.queue, run.state = report.queue, RunState.RUNNING
    session.commit()
    assert operations.claim_next(session) is not None


def test_the_shortest_report_goes_first_and_only_once(session: Session, services: Services) -> None:
    long = asked(session, proved_version(session, services), operations.Size(3, 3, 0))
    short = asked(session, proved_version(session, services), operations.Size(1, 1, 0))
    with services.database.new_session() as other:
        first, second = operations.claim_next(session), operations.claim_next(other)
        assert first is not None
        assert second is not None
        assert (first.id, second.id) == (short.id, long.id)
        other.rollback()


def test_a_dead_worker_can_do_no_harm(session: Session, services: Services) -> None:
    report = asked(session, proved_version(session, services))
    _, old = claimed(session)
    operations.record_picture(session, report.id, old, 1, MadePicture(adherence=0.5))
    session.commit()
    with frozen(now() + STALE_AFTER + timedelta(seconds=1)):
        assert [one.id for one in operations.release_stale(session)] == [report.id]
        session.commit()
    _, new = claimed(session)
    with pytest.raises(LeaseLostError):
        operations.record_picture(session, report.id, old, 2, MadePicture())
    with pytest.raises(LeaseLostError):
        operations.beat(session, report.id, old)
    session.rollback()
    assert queries.planned_pictures(session, report.id)[0].number == 2
    # Recorded once; a repetition changes nothing.
    operations.record_picture(session, report.id, new, 1, MadePicture(adherence=0.1))
    session.commit()
    assert pictures_of(session, report)[0].adherence == 0.5
    assert session.get_one(ConsistencyReport, report.id).pictures_done == 1


def test_only_standing_still_is_limited(session: Session, services: Services) -> None:
    report = asked(session, proved_version(session, services))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        _, lease = claimed(session)
        if attempt == 2:
            operations.step_aside(session, report.id, lease)  # no try of its own
            session.commit()
            _, lease = claimed(session)
        operations.release_report(session, report.id, lease, "OUT_OF_MEMORY")
        session.commit()
    assert report.state is ReportState.ERRORED
    assert report.error_code == "OUT_OF_MEMORY"
    events = session.scalar(select(func.count()).where(ConsistencyEvent.report_id == report.id))
    assert events == 1 + 2 * (MAX_ATTEMPTS + 1)


def test_progress_forgives_earlier_failures(session: Session, services: Services) -> None:
    report = asked(session, proved_version(session, services))
    for number in range(1, MAX_ATTEMPTS + 2):
        _, lease = claimed(session)
        operations.record_picture(session, report.id, lease, number, MadePicture())
        operations.release_report(session, report.id, lease, "WORKER_LOST")
        session.commit()
    assert report.state is ReportState.QUEUED


def test_a_report_with_a_missing_picture_cannot_be_closed(
    session: Session, services: Services
) -> None:
    report = asked(session, proved_version(session, services))
    _, lease = claimed(session)
    with pytest.raises(ValueError, match="not been made"):
        operations.complete_report(session, report.id, lease, {})


def test_a_cancelled_report_takes_nothing_more(session: Session, services: Services) -> None:
    version = proved_version(session, services)
    report = asked(session, version)
    _, lease = claimed(session)
    operations.cancel_report(session, report, "for a test")
    operations.cancel_report(session, report, "twice")
    session.commit()
    assert report.state is ReportState.CANCELLED
    with pytest.raises(LeaseLostError):
        operations.record_picture(session, report.id, lease, 1, MadePicture())
    session.rollback()
    assert asked(session, version).id != report.id


def test_forgotten_versions_are_found(session: Session, services: Services) -> None:
    version = proved_version(session, services)
    assert list(queries.versions_without_report(session)) == []
    run = session.get_one(VerificationRun, request_run(session, version).id)
    run.state, run.verdict = RunState.COMPLETED, "reproduced"  # type: ignore[assignment]
    version.listing.state = "in_review"  # type: ignore[assignment]
    session.commit()
    assert [one.id for one in queries.versions_without_report(session)] == [version.id]
    asked(session, version)
    assert list(queries.versions_without_report(session)) == []
