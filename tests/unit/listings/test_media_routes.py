"""Public pictures: right type, cached for ever, and nothing but pictures."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from tests.factories.listings import make_draft, make_sample


def test_a_public_picture(
    client: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller)
    sample = make_sample(session, services, listing)
    (copies,) = sample.derivatives
    for kind, content_type in (("webp", "image/webp"), ("jpeg", "image/jpeg")):
        address = f"/media/{copies[kind]}"
        answer = client.get(address)
        assert (answer.status_code, answer.content_type) == (200, content_type)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert client.head(address).content_length == len(answer.data)
    private = sample.original_key.rpartition("/")[2]
    assert client.get(f"/media/{private}").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "0" * 64 + ".webp",
        "0" * 64 + ".png",
        "0" * 64 + ".html",
        "0" * 64,
        "A" * 64 + ".webp",
        "..%2f..%2fprivate",
        "%2e%2e",
        "x\n.webp",
    ],
)
def test_odd_names_are_not_there(client: FlaskClient, name: str) -> None:
    assert client.get(f"/media/{name}").status_code in (404, 308)
