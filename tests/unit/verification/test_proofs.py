"""Reports are signed once, keep their bytes, hold no secret, and outlive their key."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.signing import SigningKey
from marketplace.listings.models import ListingVersion
from marketplace.moderation.queries import Override
from marketplace.verification import proofs
from marketplace.verification.envelope import check
from marketplace.verification.models import VerificationRun
from marketplace.verification.proof_models import DocumentKind, ProofDocument
from marketplace.verification.proofs import RetiredKeyError, Signer
from marketplace.verification.states import RunKind, Verdict
from tests.factories.calibration import calibration
from tests.factories.consistency import EvenScorer, asked, proved_version, work
from tests.factories.generation import FakeGenerator
from tests.factories.json_schema import problems
from tests.factories.proof import make_proof_run
from tests.factories.verification import SECRET_WORD, make_waiting_listing

SITE = "https://bracket.example"
FIRST, SECOND = (
    Signer(SigningKey(base64.b64encode(letter * 32).decode()), SITE) for letter in (b"a", b"b")
)
START = datetime(2026, 11, 21, 5, 0, 0, 250_000, tzinfo=UTC)
SEED = 3141592653
SCHEMA = Path(proofs.__file__).with_name("schemas") / "proof-1.json"


@pytest.fixture
def version(session: Session, services: Services) -> ListingVersion:
    """A version with five samples, whose seed could not appear by chance."""
    listing = make_waiting_listing(session, services.vault, samples=5)
    version = session.get_one(ListingVersion, listing.version_id)
    version.steps = 20
    for sample in version.samples:
        sample.seed = SEED
    session.flush()
    return version


@pytest.fixture
def run(session: Session, version: ListingVersion) -> VerificationRun:
    """A run that stopped after two samples of five."""
    return make_proof_run(session, version, [2, 6], calibration=calibration())


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ProofDocument)) or 0


def document_in(row: ProofDocument | None) -> dict[str, Any]:
    assert row is not None
    return dict(json.loads(row.body)["document"])


def test_a_report_is_signed_once_and_its_bytes_stay(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    first = proofs.sign(session, FIRST, version, run)
    assert first is not None
    body = bytes(first.body)
    version.listing.title = "Another title"
    again = proofs.sign(session, SECOND, version, run)
    assert again is first
    assert (again.body, count(session)) == (body, 1)
    checked = check(body, proofs.published_keys(session))
    assert checked.valid, checked.reason


def test_the_database_lets_nobody_change_a_signed_report(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    proofs.sign(session, FIRST, version, run)
    session.commit()
    for statement in ("UPDATE proof_documents SET body = ''", "DELETE FROM proof_documents"):
        with pytest.raises(IntegrityError, match="append-only"):
            session.execute(text(statement))
        session.rollback()


def test_two_who_sign_at_once_get_one_document(
    services: Services, session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    """Both have looked and found nothing; the second one's row must give way to the first's."""
    session.commit()
    with services.database.new_session() as other:
        mine = proofs.sign(session, FIRST, version, run)
        session.commit()
        # The other transaction's own look is skipped: it is past it.
        theirs_version = other.get_one(ListingVersion, version.id)
        theirs_run = other.get_one(VerificationRun, run.id)
        seen = iter([None])
        real = proofs.document_of
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(proofs, "document_of", lambda *a: next(seen, None) or real(*a))
            theirs = proofs.sign(other, FIRST, theirs_version, theirs_run)
        other.commit()
    assert mine is not None
    assert theirs is not None
    assert (theirs.id, theirs.body) == (mine.id, mine.body)


def test_the_document_says_what_was_measured(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    with frozen(START):
        document = document_in(proofs.sign(session, FIRST, version, run))
    report = document["report"]
    assert document["schema"] == f"{SITE}/schemas/proof-1.json"
    assert document["signed_at"] == "2026-11-21T05:00:00Z"
    assert document["tier"]["name"] == "exact"
    assert document["settings"]["scheduler"] == "DPM++ 2M"
    assert document["settings"]["guidance_scale"] == "4"
    assert (report["samples_total"], report["samples_rerun"]) == (5, 2)
    states = [sample["state"] for sample in report["samples"]]
    assert states == ["rerun", "rerun", "screened", "screened", "screened"]
    assert [sample["distance"] for sample in report["samples"][:2]] == [2, 6]
    assert report["samples"][0]["values"] == [
        {"name": "subject", "value": "fox"},
        {"name": "sky", "value": "sunset"},
    ]
    picture = report["samples"][0]["picture"]
    assert picture["path"] == f"/media/{picture['sha256']}.jpg"
    assert [step["sample"] for step in report["decision"]["path"]][:2] == [1, 2]
    assert report["calibration"]["reproduced_max"] == 20
    assert report["cost"] == {"seconds": "4.5", "evaluations": 80, "evaluations_in_full": 200}
    assert report["environment"]["libraries"]["torch"] == "2.13.0"


def test_no_prompt_seed_or_private_blob_is_in_it(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    row = proofs.sign(session, FIRST, version, run, Override("Mo", "Compared by eye."))
    assert row is not None
    body = row.body.decode()
    assert SECRET_WORD not in body
    assert str(SEED) not in body
    for sample in version.samples:
        assert sample.original_key not in body
        assert sample.id not in body


def test_an_override_is_a_document_of_its_own(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    override = Override("Mo Derator", "Compared by eye; only the sampler differs.")
    plain = proofs.sign(session, FIRST, version, run)
    named = proofs.sign(session, FIRST, version, run, override)
    assert plain is not None
    assert named is not None
    assert (plain.kind, named.kind) == (DocumentKind.REPORT, DocumentKind.OVERRIDE)
    assert document_in(plain)["override"] is None
    assert document_in(named)["override"] == {
        "moderator": "Mo Derator",
        "note": "Compared by eye; only the sampler differs.",
    }
    assert document_in(named)["report"] == document_in(plain)["report"]


def test_an_override_without_any_run_is_signed_once_too(
    session: Session, version: ListingVersion
) -> None:
    assert proofs.sign(session, FIRST, version, None) is None
    override = Override("Mo Derator", "The worker was away; compared by hand.")
    row = proofs.sign(session, FIRST, version, None, override)
    assert proofs.sign(session, FIRST, version, None, override) is row
    assert (document_in(row)["report"], count(session)) == (None, 1)


def test_preflights_are_never_signed(session: Session, version: ListingVersion) -> None:
    run = make_proof_run(session, version, [2, 6, 2, 6, 2], kind=RunKind.PREFLIGHT)
    assert proofs.sign(session, FIRST, version, run) is None
    assert proofs.unsigned_runs(session) == []


def test_what_is_unsigned_is_found_until_it_is_signed(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    later = make_proof_run(
        session, version, [50, 90], Verdict.MISMATCH, kind=RunKind.REVERIFICATION
    )
    assert proofs.unsigned_runs(session) == [run.id, later.id]
    proofs.sign(session, FIRST, version, run, Override("Mo", "An override is not the report."))
    assert proofs.unsigned_runs(session) == [run.id, later.id]
    proofs.sign(session, FIRST, version, run)
    assert proofs.unsigned_runs(session) == [later.id]


def test_what_an_old_key_signed_stays_valid_after_its_successor(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    with frozen(START):
        old = proofs.sign(session, FIRST, version, run)
    with frozen(START + timedelta(days=30)):
        override = Override("Mo Derator", "Signed with the next key.")
        new = proofs.sign(session, SECOND, version, run, override)
    assert old is not None
    assert new is not None
    keys = proofs.published_keys(session)
    assert list(keys) == [SECOND.key.key_id, FIRST.key.key_id]
    assert check(old.body, keys).valid
    assert check(new.body, keys).valid
    assert keys[FIRST.key.key_id].not_after == START + timedelta(days=31)


def test_a_replaced_key_signs_for_a_day_and_then_no_more(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    later = make_proof_run(session, version, [2, 6], kind=RunKind.REVERIFICATION)
    third = make_proof_run(session, version, [2, 6], kind=RunKind.REVERIFICATION)
    with frozen(START):
        proofs.sign(session, FIRST, version, run)
        proofs.sign(session, SECOND, version, later)
    with frozen(START + timedelta(hours=20)):
        # A process that was started before the release still has the old key.
        row = proofs.sign(session, FIRST, version, third, Override("Mo", "By the old process."))
    assert row is not None
    assert check(row.body, proofs.published_keys(session)).valid
    with frozen(START + timedelta(hours=23)), pytest.raises(RetiredKeyError):
        proofs.sign(session, FIRST, version, third)


def test_a_key_is_published_before_it_signs_and_can_be_ended(
    session: Session, version: ListingVersion, run: VerificationRun
) -> None:
    assert list(proofs.published_keys(session, FIRST.key)) == [FIRST.key.key_id]
    assert not proofs.retire_key(session, FIRST.key.key_id)
    row = proofs.sign(session, FIRST, version, run)
    assert row is not None
    assert proofs.retire_key(session, FIRST.key.key_id)
    session.expire_all()
    assert check(row.body, proofs.published_keys(session)).valid
    with pytest.raises(RetiredKeyError):
        proofs.sign(session, FIRST, version, run, Override("Mo", "Too late for this key."))
    with frozen(now() + timedelta(minutes=1)):
        assert not proofs.retire_key(session, FIRST.key.key_id)


def test_the_contact_sheet_is_signed_apart_with_everything_to_draw_it_again(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = proved_version(session, services)
    report = asked(session, version)
    assert proofs.sign_consistency(session, FIRST, version) is None
    assert work(monkeypatch, services, FakeGenerator(), EvenScorer())
    session.expire_all()
    assert proofs.unsigned_consistency(session) == [version.id]
    row = proofs.sign_consistency(session, FIRST, version)
    assert row is not None
    assert (row.subject_id, row.kind) == (report.id, DocumentKind.CONSISTENCY)
    assert proofs.sign_consistency(session, FIRST, version) is row
    assert proofs.unsigned_consistency(session) == []
    assert check(row.body, proofs.published_keys(session)).valid
    schema = json.loads(SCHEMA.read_text())
    assert problems(schema, json.loads(row.body), schema) == []
    sheet = document_in(row)["consistency"]
    assert (sheet["version_id"], len(sheet["sheet"])) == (version.id, 4)
    assert sum(picture["worst"] for picture in sheet["sheet"]) == 1
    assert len(sheet["seeds"]) == 2
    assert sheet["sheet"][0]["pictures"]["path"].startswith("/media/")
    assert SECRET_WORD not in row.body.decode()
