"""The public report over HTTP: the page, the signed file, keys and history."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.discovery.proof_signing import sign_due
from marketplace.listings import operations
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import version_of
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState, ReasonCode
from marketplace.verification import checker
from marketplace.verification.envelope import check, read_key_set
from marketplace.verification.models import VerificationRun
from marketplace.verification.proof_models import ProofDocument
from marketplace.verification.proofs import signer_of
from marketplace.verification.states import RunKind, Verdict
from tests.factories.accounts import make_seller, make_user
from tests.factories.calibration import calibration
from tests.factories.drawn import make_drawn_run
from tests.factories.json_schema import problems
from tests.factories.listings import make_draft, make_live, make_sample
from tests.factories.proof import make_proof_run
from tests.factories.verification import make_moderator
from tests.factories.verification import make_sample as make_bare_sample
from tests.fixtures.app import log_in

SECRET = "zanzibar"
PROMPT = f"{SECRET} paper-cut [subject=fox] under a [sky: sunset | night | noon] sky"


def make_reported(
    session: Session,
    services: Services,
    distances: tuple[int, ...] = (2, 6),
    verdict: Verdict = Verdict.REPRODUCED,
    override: bool = False,
) -> tuple[Listing, ListingVersion, VerificationRun]:
    """A live listing with five samples of which the first ones were re-run."""
    seller = make_seller(session, name="Mira Holm", handle="mira-holm")
    listing = make_draft(session, services, seller, prompt=PROMPT, title="Paper foxes")
    for number in range(5):
        make_sample(session, services, listing, seed=9_000_001 + number, values={"subject": "owl"})
    operations.submit(session, services.vault, services.queue, listing, seller.user_id)
    operations.finish_verification(session, listing)
    version = version_of(session, listing)
    session.refresh(version)
    run = make_proof_run(session, version, distances, verdict, calibration=calibration())
    moderator = make_moderator(session)
    session.add(
        Case(
            listing_id=listing.id,
            version_id=version.id,
            run_id=run.id,
            state=CaseState.APPROVED,
            verdict=verdict.value,
            decided_by=moderator.id,
            decided_at=now(),
            override=override,
            decision_note="Compared by eye: only the sampler differs." if override else None,
        )
    )
    session.flush()
    operations.publish(session, listing, version, moderator.id)
    session.commit()
    return listing, version, run


def proof_of(
    client: FlaskClient, listing: Listing, query: str = ""
) -> tuple[bytes, dict[str, Any]]:
    answer = client.get(f"/p/{listing.path}/proof.json{query}")
    assert answer.status_code == 200
    return answer.data, answer.get_json()["document"]


def verify(app: Flask, *arguments: Any) -> Result:
    return app.test_cli_runner().invoke(args=["proof", "verify", *map(str, arguments)])


def test_the_page_tells_what_was_re_run_and_what_was_not(
    client: FlaskClient, session: Session, services: Services
) -> None:
    listing, version, _ = make_reported(session, services)
    page = client.get(f"/p/{listing.path}/proof").text
    text = " ".join(page.split())
    for words in (
        "2 of 5 samples re-run, all reproduced",
        "in an order drawn by us",
        "A short run with fewer steps is consistent with it (40 bits apart).",
        version.tier.meaning,
        "up to 20 of 256 bits",
        "test-1",
        "at most 0.1 % (upper bound, 95 % confidence)",
        "DPM++ 2M",
        "CPU noise",
        "torch 2.13.0",
        "ab" * 32,
        "4.5 s of computing, 80 evaluations of the model (40 % of running every sample in full)",
        "You are reading it",
        "none stands anywhere earlier",
    ):
        assert words in text, words
    assert text.index("<dt>subject</dt>") < text.index("<dt>sky</dt>")
    assert page.count("data-compare>") == 2
    assert page.count('type="range"') == page.count('compare__divider" type="range"') == 2
    for secret in (SECRET, "9000001", *(sample.original_key for sample in version.samples)):
        assert secret not in page


def test_the_file_is_what_the_schema_says_and_checks_with_the_published_keys(
    app: Flask, client: FlaskClient, session: Session, services: Services, tmp_path: Any
) -> None:
    listing, _, run = make_reported(session, services)
    body, document = proof_of(client, listing)
    keys = client.get("/.well-known/bracket-proof-keys.json").text
    assert check(body, read_key_set(keys)).valid
    schema = client.get("/schemas/proof-1.json")
    assert schema.mimetype == "application/schema+json"
    found = json.loads(schema.text)
    assert problems(found, json.loads(body), found) == []
    assert document["schema"].endswith("/schemas/proof-1.json")
    assert (document["report"]["run_id"], document["version"]["number"]) == (run.id, 1)
    picture = document["report"]["samples"][0]["picture"]
    assert hashlib.sha256(client.get(picture["path"]).data).hexdigest() == picture["sha256"]
    assert SECRET not in body.decode()
    assert "9000001" not in body.decode()

    (tmp_path / "proof.json").write_bytes(body)
    (tmp_path / "keys.json").write_text(keys)
    (tmp_path / "key.pem").write_text(json.loads(keys)["keys"][0]["pem"])
    for option, name in (("--keys", "keys.json"), ("--key", "key.pem")):
        result = verify(app, tmp_path / "proof.json", option, tmp_path / name)
        assert (result.exit_code, "VALID: The signature is valid." in result.output) == (0, True)
    assert "reproduced: 2 reproduced of 2 re-run, 5 in all" in result.output
    assert verify(app, tmp_path / "proof.json").exit_code == 0
    (tmp_path / "proof.json").write_bytes(body.replace(b'"distance":2,', b'"distance":1,', 1))
    result = verify(app, tmp_path / "proof.json", "--keys", tmp_path / "keys.json")
    assert (result.exit_code, "INVALID: The signature does not belong" in result.output) == (
        1,
        True,
    )
    assert verify(app, tmp_path / "proof.json", "--key", tmp_path / "keys.json").exit_code == 2


def test_without_any_server_the_checker_says_the_same(
    client: FlaskClient, session: Session, services: Services, tmp_path: Any, capsys: Any
) -> None:
    listing, _, _ = make_reported(session, services)
    body, _ = proof_of(client, listing)
    files = {
        "proof.json": body,
        "more.json": body + b"\n",
        "keys.json": client.get("/.well-known/bracket-proof-keys.json").data,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    keys = ["--keys", str(tmp_path / "keys.json")]
    assert checker.main([str(tmp_path / "proof.json"), *keys]) == checker.VALID
    assert "Paper foxes" in capsys.readouterr().out
    assert checker.main([str(tmp_path / "more.json"), *keys]) == checker.INVALID
    assert "byte for byte" in capsys.readouterr().out
    assert checker.main([str(tmp_path / "nothing.json"), *keys]) == checker.UNUSABLE
    with pytest.raises(SystemExit) as left:
        checker.main([str(tmp_path / "proof.json")])
    assert left.value.code == checker.UNUSABLE


def test_the_same_bytes_are_served_for_ever(
    client: FlaskClient, session: Session, services: Services
) -> None:
    listing, _, _ = make_reported(session, services)
    first, _ = proof_of(client, listing)
    listing.title = "Another title altogether"
    session.commit()
    assert proof_of(client, listing)[0] == first
    assert len(session.scalars(select(ProofDocument)).all()) == 1


def test_the_sweep_signs_reports_and_overrides_before_anybody_asks(
    session: Session, services: Services, client: FlaskClient
) -> None:
    listing, _, _ = make_reported(session, services, (2, 30), Verdict.INCONCLUSIVE, override=True)
    signer = signer_of(services.settings)
    assert sign_due(session, signer) == 2
    assert sign_due(session, signer) == 0
    session.commit()
    rows = {row.kind.value: row.body for row in session.scalars(select(ProofDocument))}
    assert proof_of(client, listing)[0] == rows["override"]
    assert proof_of(client, listing, "?kind=report")[0] == rows["report"]
    page = client.get(f"/p/{listing.path}/proof").text
    assert "Mo Derator" in page
    assert "only the sampler differs" in page


def test_an_override_without_any_run_has_a_page_and_a_file(
    client: FlaskClient, session: Session, services: Services
) -> None:
    listing = make_live(session, services, make_seller(session))
    session.commit()
    page = client.get(f"/p/{listing.path}/proof")
    assert "its samples were not re-run" in page.text
    _, document = proof_of(client, listing)
    assert (document["kind"], document["report"]) == ("override", None)
    assert document["override"]["note"] == "for a test"


def test_older_versions_and_later_runs_stay_readable(
    app: Flask, client: FlaskClient, session: Session, services: Services
) -> None:
    listing, version, _ = make_reported(session, services)
    later = make_proof_run(
        session,
        version,
        [90, 6],
        Verdict.MISMATCH,
        kind=RunKind.REVERIFICATION,
        reason="weights of the model were replaced",
    )
    make_proof_run(session, version, [0, 0, 0, 0, 0], kind=RunKind.PREFLIGHT)
    session.commit()
    page = client.get(f"/p/{listing.path}/proof").text
    assert "2 of 5 samples re-run, all reproduced" in page
    assert "Verified again: weights of the model were replaced" in page
    assert page.count('class="reports"') == 1
    assert page.count("<strong>Version 1</strong>") == 2
    query = f"?version=1&run={later.id}"
    assert f"/p/{listing.path}/proof?version=1&amp;run={later.id}" in page
    other = client.get(f"/p/{listing.path}/proof{query}").text
    assert "This is a later verification of version 1." in other
    _, document = proof_of(client, listing, query)
    assert (document["report"]["verdict"], document["report"]["kind"]) == (
        "mismatch",
        "reverification",
    )
    redirect = client.get(f"/p/wrong-{listing.id}/proof{query}")
    assert redirect.headers["Location"].endswith(f"/p/{listing.path}/proof{query}")
    for missing in ("?version=2", f"?run={listing.id}"):
        assert client.get(f"/p/{listing.path}/proof{missing}").status_code == 404
        assert client.get(f"/p/{listing.path}/proof.json{missing}").status_code == 404


def test_a_rejected_version_is_named_but_stays_its_sellers_business(
    app: Flask, client: FlaskClient, session: Session, services: Services
) -> None:
    """Version 1 was rejected; version 2 is on sale."""
    listing, second, _ = make_reported(session, services)
    first = ListingVersion(
        **{
            column.key: getattr(second, column.key)
            for column in ListingVersion.__table__.columns
            if column.key not in {"id", "number", "created_at"}
        },
        number=1,
    )
    second.number = 2
    session.flush()
    first.samples = [make_bare_sample(first, 1)]
    session.add(first)
    session.flush()
    run = make_proof_run(session, first, [90], Verdict.MISMATCH)
    moderator = make_moderator(session)
    session.add(
        Case(
            listing_id=listing.id,
            version_id=first.id,
            run_id=run.id,
            state=CaseState.REJECTED,
            decided_by=moderator.id,
            decided_at=now(),
            reason_code=ReasonCode.SAMPLES_MISMATCH,
        )
    )
    session.commit()
    page = client.get(f"/p/{listing.path}/proof").text
    assert "Never on sale, not public" in page
    assert client.get(f"/p/{listing.path}/proof?version=1").status_code == 404
    log_in(client, make_user(session))
    session.commit()
    assert client.get(f"/p/{listing.path}/proof?version=1").status_code == 404
    seller = app.test_client()
    log_in(seller, listing.seller.user)
    answer = seller.get(f"/p/{listing.path}/proof?version=1")
    assert answer.status_code == 200
    assert "This is the report of an older version." in answer.text
    assert "Never on sale" not in answer.text


def test_what_explains_the_report_is_served_and_nothing_else(client: FlaskClient) -> None:
    for name in ("verification.md", "proof-json.md"):
        answer = client.get(f"/docs/{name}")
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    for address in ("/docs/operating.md", "/docs/..%2Fapp.py", "/calibrations/none.json"):
        assert client.get(address).status_code == 404


def test_a_model_without_a_seed_has_a_report_of_its_own_kind(
    client: FlaskClient, session: Session, services: Services
) -> None:
    listing, version, _ = make_reported(session, services)
    drawn = make_drawn_run(session, version, kind=RunKind.REVERIFICATION)
    session.commit()
    assert sign_due(session, signer_of(services.settings)) == 2
    session.commit()
    query = f"?run={drawn.id}&version=1"
    page = client.get(f"/p/{listing.path}/proof{query}")
    assert page.status_code == 200
    text = " ".join(page.text.split())
    for words in (
        "3 of 5 samples compared with 12 pictures that we drew",
        "Among pictures that we drew",
        "Picture 4 that we drew for sample 3",
        "p-value",
    ):
        assert words in text, words
    for untrue in ("came out again", "of 256 bits", "These limits are borrowed", "Not re-run"):
        assert untrue not in text, untrue
    body, document = proof_of(client, listing, query)
    report = document["report"]
    assert [sample["state"] for sample in report["samples"]] == ["drawn"] * 3 + ["not_rerun"] * 2
    assert len(report["samples"][0]["drawn"]) == 4
    assert (report["decision"]["pictures_drawn"], report["calibration"]) == (12, None)
    schema = json.loads(client.get("/schemas/proof-1.json").text)
    assert problems(schema, json.loads(body), schema) == []


def test_a_document_that_cannot_be_built_does_not_keep_others_unsigned(
    session: Session, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    _, version, good = make_reported(session, services)
    bad = make_proof_run(session, version, [2], kind=RunKind.REVERIFICATION)
    bad.finished_at = now() - timedelta(hours=1)
    bad.decision = {"path": [{"sample_id": SECRET}], "calibration": {"version": SECRET}}
    session.commit()
    assert sign_due(session, signer_of(services.settings), limit=1) == 1
    session.commit()
    assert [row.subject_id for row in session.scalars(select(ProofDocument))] == [good.id]
    assert f"no document for {bad.id}: KeyError" in caplog.text
    assert SECRET not in caplog.text
