"""Pages and buttons: what people see, and what strangers come back to after logging in."""

from __future__ import annotations

import io
import re

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.community import favourites
from marketplace.community.models import Collection, Review
from marketplace.community.reviewing import Words, write_review
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from tests.factories.accounts import make_user
from tests.factories.listings import picture_bytes
from tests.factories.shop import make_purchase
from tests.fixtures.app import log_in
from tests.unit.community.conftest import FILLED, Street


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def test_a_review_is_written_answered_and_moderated(
    client: FlaskClient, session: Session, services: Services, street: Street
) -> None:
    write = f"/reviews/write/{street.right.id}"
    public = f"/p/{street.listing.path}"
    assert "/account/login" in client.get(write).location
    assert log_in(client, street.stranger).get(write).status_code == 404
    log_in(client, street.buyer)
    assert "Write a review" in page(client, public)
    refused = client.post(write, data={"rating": "4", "text": FILLED})
    assert refused.status_code == 422
    assert "repeats part of a prompt" in refused.text
    assert FILLED in refused.text, "what was typed is still there"
    assert client.post(write, data={"text": "No stars"}).status_code == 422
    bad = {"rating": "4", "text": "x", "picture": (io.BytesIO(b"GIF89a"), "x.gif")}
    assert "This is a GIF" in client.post(write, data=bad).text
    good = {"rating": "4", "text": "Fine <b>light</b>", "picture": (picture(), "my.png")}
    assert client.post(write, data=good).location.endswith(f"{public}#reviews")
    shown = page(client.application.test_client(), public)
    assert "Fine &lt;b&gt;light&lt;/b&gt;" in shown
    assert "Made by Bo with Foxes" in shown
    assert '"aggregateRating": {' in shown
    review = session.scalars(select(Review)).one()

    log_in(client, street.seller.user)
    assert "Fine" in page(client, "/sell/reviews")
    assert FILLED in client.post(f"/sell/reviews/{review.id}", data={"text": FILLED}).text
    client.post(f"/sell/reviews/{review.id}", data={"text": "Glad you like it"})
    assert "Glad you like it" in page(client, public)

    log_in(client, make_user(session, Role.MODERATOR))
    session.commit()
    hide = f"/moderate/reviews/{review.id}/hide"
    assert client.post(hide, data={"reason": ""}).status_code == 422
    client.post(hide, data={"reason": "Advertises"})
    assert "Advertises" in page(client, "/moderate/reviews")
    assert "Fine" not in page(client, public)
    assert "Advertises" in page(log_in(client, street.buyer), public)


def picture() -> io.BytesIO:
    return io.BytesIO(picture_bytes(3))


def test_reviews_have_a_page_of_their_own_and_stars_stand_on_cards(
    client: FlaskClient, session: Session, services: Services, street: Street
) -> None:
    assert "No reviews yet" in page(client, f"/p/{street.listing.path}/reviews")
    for number in range(11):
        buyer = make_user(session, name=f"Buyer {number}")
        right = make_purchase(session, buyer, street.listing)
        words = Words(rating=1 + number % 5, text=f"Opinion {number}.")
        write_review(session, services, buyer.id, right.id, words)
    session.commit()
    address = f"/p/{street.listing.path}/reviews?sort=lowest"
    first = page(client, address)
    assert first.index("Opinion 10.") < first.index("Opinion 5.") < first.index("Opinion 1.")
    more = re.search(r'rel="next" href="([^"]+)"', first)
    assert more is not None
    assert "Opinion 4." in page(client, more[1].replace("&amp;", "&"))
    listing = page(client, f"/p/{street.listing.path}")
    assert "Opinion 10." in listing
    assert "Opinion 1." not in listing
    assert "All 11 reviews" in listing
    for path in ("/s/mira-holm", "/"):
        assert 'Rated </span>2.8<span class="visually-hidden"> of 5 by' in page(client, path)


def test_a_stranger_saves_logs_in_and_has_it(
    client: FlaskClient, session: Session, street: Street
) -> None:
    link = f"/favourites/keep/{street.listing.id}"
    assert link in page(client, "/")
    page_of_ours = {"Referer": "http://localhost/search?q=fox"}
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    client.get(link, headers=page_of_ours | elsewhere)
    with client.session_transaction() as cookies:
        assert "favourite" not in cookies, "another site's link means nothing"
    answer = client.get(link, headers=page_of_ours)
    assert answer.location == "/account/login?next=/search?q%3Dfox"
    person = make_user(session, email="new@example.com", password=hashed(client))
    session.commit()
    data = {"email": person.email, "password": "a long pass phrase"}
    assert client.post("/account/login", data=data).status_code == 302
    assert favourites.kept_ids(session, person.id) == {street.listing.id}
    assert client.get("/favourites/keep/nonsense").status_code == 404


def hashed(client: FlaskClient) -> str:
    from flask_security import hash_password

    with client.application.app_context():
        return str(hash_password("a long pass phrase"))


def test_the_heart_works_with_and_without_scripts(
    client: FlaskClient, session: Session, street: Street
) -> None:
    log_in(client, street.buyer)
    json = {"Accept": "application/json"}
    answer = client.post("/favourites", data={"keep": street.listing.id}, headers=json)
    assert answer.json == {"kept": True}
    assert 'aria-pressed="true"' in page(client, f"/p/{street.listing.path}")
    kept = page(client, "/favourites")
    assert "Foxes" in kept
    assert "Castles" not in kept
    back = {"Referer": "http://localhost/s/mira-holm"}
    answer = client.post("/favourites", data={"drop": street.listing.id}, headers=back)
    assert (answer.status_code, answer.location) == (303, "/s/mira-holm")
    assert "Nothing saved yet" in page(client, "/favourites")
    client.post("/favourites", data={"keep": street.listing.id})
    seller = log_in(client.application.test_client(), street.seller.user)
    own = page(seller, f"/sell/{street.listing.id}")
    assert "1 person keeps it" in own
    assert street.buyer.email not in own


def test_following_and_its_mail(client: FlaskClient, session: Session, street: Street) -> None:
    assert "/s/mira-holm/follow" in page(client, "/s/mira-holm")
    log_in(client, street.buyer)
    client.post("/s/mira-holm/follow")
    followed = page(client, "/following")
    assert "Castles" in followed
    assert "once a week" in followed
    client.post("/following/digest", data={"wanted": "no"})
    assert not favourites.wants_digest(session, street.buyer.id)
    client.post("/s/mira-holm/follow", data={"do": "leave"})
    assert "You follow nobody yet" in page(client, "/following")


def test_collections_are_private_until_opened_and_show_what_is_on_sale(
    client: FlaskClient, session: Session, street: Street
) -> None:
    log_in(client, street.buyer)
    assert client.post("/collections", data={"name": FILLED}).status_code == 422
    client.post("/collections", data={"name": "Cold light"})
    mine = session.scalars(select(Collection)).one()
    hold = f"/collections/of/{street.listing.id}"
    client.post(hold, data={"in": mine.id, "name": "Another"})
    assert "1 prompt · private" in page(client, "/collections")
    address = f"/c/{mine.id}/cold-light"
    stranger = client.application.test_client()
    assert stranger.get(address).status_code == 404
    client.post(f"/collections/{mine.id}", data={"name": "Cold light", "public": "y"})
    shown = page(stranger, address)
    assert "Foxes" in shown
    assert street.buyer.email not in shown
    client.post(hold, data={})
    assert "Foxes" not in page(stranger, address)
    assert client.post(f"/collections/{mine.id}/delete").status_code == 303
    assert stranger.get(address).status_code == 404
