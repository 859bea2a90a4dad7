"""The samples' table over HTTP, submitting, originals, and the page in every state."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.core.task_queue import RecordingQueue
from marketplace.listings import operations
from marketplace.listings.models import Listing, Sample
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.task_names import TaskName
from tests.factories.accounts import make_user
from tests.factories.listings import (
    SECRET_WORD,
    make_draft,
    make_in_review,
    make_live,
    make_submitted,
    picture_bytes,
)
from tests.fixtures.app import log_in


@pytest.fixture
def draft(session: Session, services: Services, seller: SellerProfile) -> Listing:
    listing = make_draft(session, services, seller)
    session.commit()
    return listing


def row(number: int, picture: bytes | None, seed: str = "7", **values: str) -> dict[str, Any]:
    """The inputs of one new row."""
    inputs: dict[str, Any] = {f"new-{number}-seed": seed}
    inputs |= {f"new-{number}-value-{name}": value for name, value in values.items()}
    if picture is not None:
        inputs[f"new-{number}-file"] = (io.BytesIO(picture), f"picture{number}.png")
    return inputs


def stored(session: Session, listing: Listing) -> list[Sample]:
    session.expire_all()
    return version_of(session, session.get_one(Listing, listing.id)).samples


def test_three_pictures_at_once_and_submit(
    shop: FlaskClient, session: Session, services: Services, draft: Listing
) -> None:
    data = {}
    for number in range(3):
        data |= row(number, picture_bytes(number), str(number), subject=f"owl {number}")
    answer = shop.post(f"/sell/{draft.id}/submit", data=data)
    assert (answer.status_code, answer.location) == (302, f"/sell/{draft.id}")
    samples = stored(session, draft)
    assert [(sample.seed, sample.values["subject"]) for sample in samples] == [
        (0, "owl 0"),
        (1, "owl 1"),
        (2, "owl 2"),
    ]
    assert session.get_one(Listing, draft.id).state is ListingState.VERIFYING
    assert isinstance(services.queue, RecordingQueue)
    version_id = str(draft.version_id)
    assert services.queue.sent == [
        (TaskName.CHECK_POLICY, (version_id,)),
        (TaskName.VERIFY_LISTING, (version_id,)),
    ]


def test_a_refused_file_never_loses_the_accepted_ones(
    shop: FlaskClient, session: Session, draft: Listing
) -> None:
    data = (
        row(0, picture_bytes(1), "11")
        | row(1, b"no picture at all", "12", subject="heron")
        | row(2, picture_bytes(3), "13")
    )
    answer = shop.post(f"/sell/{draft.id}/samples", data=data)
    assert answer.status_code == 422
    assert [sample.seed for sample in stored(session, draft)] == [11, 13]
    assert 'value="12"' in answer.text
    assert 'value="heron"' in answer.text
    # Sending the page again as it stands, with the one picture mended, is enough.
    inputs = dict(
        re.findall(r'<input id="[^"]*" name="([^"]*)" type="text"[^>]*value="([^"]*)"', answer.text)
    )
    inputs |= row(1, picture_bytes(2), "12", subject="heron")
    assert shop.post(f"/sell/{draft.id}/submit", data=inputs).status_code == 302
    assert [sample.seed for sample in stored(session, draft)] == [11, 13, 12]


@pytest.mark.parametrize(
    ("upload", "message"),
    [
        (b"", "empty"),
        (b"just text, called .png", "picture"),
        (picture_bytes(1)[:500], "incomplete or damaged"),
        (picture_bytes(1) + b"<script>alert(1)</script>", "goes on after the picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (picture_bytes(1) + b"\0" * 16_000_000, "larger than 15 MB"),
    ],
)
def test_bad_files_are_explained(
    shop: FlaskClient, session: Session, draft: Listing, upload: bytes, message: str
) -> None:
    # Encoded here: for large bodies the client would use a temporary file and leave it open.
    file = FileStorage(io.BytesIO(upload), "picture.png")
    boundary, body = encode_multipart({"new-0-seed": "7", "new-0-file": file})
    kind = f"multipart/form-data; boundary={boundary}"
    answer = shop.post(f"/sell/{draft.id}/samples", data=body, content_type=kind)
    assert answer.status_code == 422
    assert message in answer.text
    assert stored(session, draft) == []


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (row(0, picture_bytes(1), ""), "Give the seed"),
        (row(0, picture_bytes(1), "-1"), "whole number from 0 to 4294967295"),
        (row(0, picture_bytes(1), "4294967296"), "from 0 to 4294967295"),
        (row(0, picture_bytes(1), "7.0"), "whole number"),
        (row(0, picture_bytes(1), "٧"), "whole number"),
        (row(0, None, "7"), "Choose the picture"),
        (row(0, picture_bytes(1), sky="green"), "Choose one of: sunset, night, noon"),
        (row(0, picture_bytes(1), subject="[x]"), "brackets"),
        (row(0, picture_bytes(1), subject="a\x00b"), "control character"),
    ],
)
def test_bad_rows_are_explained(
    shop: FlaskClient, session: Session, draft: Listing, inputs: dict[str, Any], message: str
) -> None:
    # The client closes streams after sending, so each test needs its own.
    data = {
        name: (io.BytesIO(value[0].getvalue()), value[1]) if isinstance(value, tuple) else value
        for name, value in inputs.items()
    }
    answer = shop.post(f"/sell/{draft.id}/samples", data=data)
    assert answer.status_code == 422
    assert message in answer.text
    assert stored(session, draft) == []


def test_ten_samples_and_the_same_picture_twice(
    shop: FlaskClient, session: Session, draft: Listing
) -> None:
    data = {}
    for number in range(10):
        data |= row(number, picture_bytes(number))
    answer = shop.post(f"/sell/{draft.id}/samples", data=data)
    assert answer.status_code == 422
    assert "at most 9 samples" in answer.text
    samples = stored(session, draft)
    assert len(samples) == 9
    assert shop.post(f"/sell/{draft.id}/samples", data={"remove": samples[8].id}).status_code == 302
    answer = shop.post(f"/sell/{draft.id}/samples", data=row(0, picture_bytes(2)))
    assert "same picture as sample 3" in answer.text
    assert len(stored(session, draft)) == 8


def test_correcting_and_removing_stored_samples(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=2)
    session.commit()
    one, two = stored(session, listing)
    data = {
        f"{one.id}-seed": "99",
        f"{one.id}-value-subject": "stag",
        f"{one.id}-value-sky": "night",
        "remove": two.id,
    }
    assert shop.post(f"/sell/{listing.id}/samples", data=data).status_code == 302
    (left,) = stored(session, listing)
    assert (left.id, left.seed, left.values) == (one.id, 99, {"subject": "stag", "sky": "night"})


def test_a_two_sample_submission_is_told_what_is_missing(
    shop: FlaskClient, session: Session, services: Services, draft: Listing
) -> None:
    data = row(0, picture_bytes(1)) | row(1, picture_bytes(2))
    answer = shop.post(f"/sell/{draft.id}/submit", data=data)
    assert answer.status_code == 422
    assert "Add 1 more sample" in answer.text
    assert len(stored(session, draft)) == 2  # saved all the same
    assert session.get_one(Listing, draft.id).state is ListingState.DRAFT
    assert isinstance(services.queue, RecordingQueue)
    assert services.queue.sent == []


def test_submitting_in_two_tabs_verifies_once(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=3)
    session.commit()
    assert shop.post(f"/sell/{listing.id}/submit").status_code == 302
    assert shop.post(f"/sell/{listing.id}/submit").status_code == 302
    assert isinstance(services.queue, RecordingQueue)
    names = [name for name, _ in services.queue.sent]
    assert names == [TaskName.CHECK_POLICY, TaskName.VERIFY_LISTING]
    assert shop.post(f"/sell/{listing.id}/samples", data=row(0, picture_bytes(9))).status_code in (
        409,
        422,
    )
    assert len(stored(session, listing)) == 3


def test_every_state_has_its_page(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    rejected = make_in_review(session, services, seller)
    operations.reject(session, rejected, seller.user_id, "SPAM", "One of many <equal> listings.")
    live = make_live(session, services, seller)
    withdrawn = make_live(session, services, seller)
    operations.withdraw(session, withdrawn, seller.user_id)
    expected = {
        make_draft(session, services, seller): "Submit for verification",
        make_submitted(session, services, seller): "data-progress=",
        make_in_review(session, services, seller): "A moderator decides next",
        rejected: "One of many &lt;equal&gt; listings.",
        live: f"/p/{live.path}",
        withdrawn: "Put it back on sale",
    }
    session.commit()
    for listing, words in expected.items():
        page = shop.get(f"/sell/{listing.id}")
        assert page.status_code == 200
        assert words in page.text
        assert SECRET_WORD in page.text  # its seller may read it
        assert page.headers["Cache-Control"] == "private, no-store"
    dashboard = shop.get("/sell").text
    assert SECRET_WORD not in dashboard
    # What waits for the seller stands first.
    assert dashboard.index(rejected.id) < dashboard.index(live.id)


def test_withdrawing_and_relisting(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_live(session, services, seller)
    session.commit()
    for action, state in (("withdraw", "withdrawn"), ("relist", "live")):
        assert shop.post(f"/sell/{listing.id}/{action}").status_code == 302
        session.expire_all()
        assert session.get_one(Listing, listing.id).state == state
    assert shop.get(f"/sell/{listing.id}/withdraw").status_code == 405


def test_originals_are_for_the_seller_and_moderators(
    app: Flask, shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_submitted(session, services, seller)
    other = make_submitted(session, services, seller)
    moderator = make_user(session, Role.MODERATOR)
    session.commit()
    sample = stored(session, listing)[0]
    address = f"/sell/{listing.id}/samples/{sample.id}/original"
    for client in (shop, log_in(app.test_client(), moderator)):
        answer = client.get(address)
        assert answer.data == picture_bytes(1)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="sample-1.png"'
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    wrong = f"/sell/{other.id}/samples/{sample.id}/original"
    assert shop.get(wrong).status_code == 404
