"""New versions of a listing on sale: it stays as it is until a moderator has approved them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.community.disclosure import refuse_disclosure
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings import operations
from marketplace.listings.drafting import discard_edit, reopen_draft, write_prompt
from marketplace.listings.models import Listing, ListingEvent, ListingVersion
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.listings.wizard.drafts import standing
from marketplace.listings.words import words_of
from marketplace.screening.reading import submission_of
from marketplace.verification.waiting import versions_without_run
from tests.factories.accounts import make_seller
from tests.factories.listings import approve as put_on_shelves
from tests.factories.listings import make_live
from tests.factories.orders import make_buyer
from tests.factories.shop import make_purchase
from tests.fixtures.app import log_in

S = ListingState
NEWER = (
    "glazed clay [subject=fox] beneath a [sky: sunset | night] sky, cracked slip, raking light "
    "from the left, chalk dust on the wheel, a shelf of unfired bowls behind"
)


@pytest.fixture
def live(session: Session, services: Services, seller: SellerProfile) -> Listing:
    listing = make_live(session, services, seller)
    session.commit()
    return listing


def edited(session: Session, services: Services, listing: Listing) -> ListingVersion:
    """An edit of it whose words are new, submitted."""
    reopen_draft(session, listing, listing.seller_id)
    version = version_of(session, listing)
    version.words = {**(version.words or {}), "title": "Paper-cut owls", "price_cents": 399}
    session.flush()
    operations.submit(session, services.vault, services.queue, listing, listing.seller_id)
    session.commit()
    return version


def approve(session: Session, listing: Listing, version: ListingVersion) -> None:
    operations.finish_verification(session, listing)
    put_on_shelves(session, listing, version)
    session.commit()


def test_the_one_on_sale_stays_as_it_is_until_the_edit_is_approved(
    session: Session, services: Services, live: Listing
) -> None:
    sold, first_day = live.live_version_id, live.published_at
    version = edited(session, services, live)
    assert (live.state, live.working_state) == (S.LIVE, S.VERIFYING)
    assert (live.title, live.price_cents, live.live_version_id) == ("Paper-cut animals", 299, sold)
    assert [found for found, _ in versions_without_run(session)] == [version.id]
    assert submission_of(session, services.vault, version).title == "Paper-cut owls"
    assert words_of(live, version).price_cents == 399
    with pytest.raises(ConflictError):
        reopen_draft(session, live, live.seller_id)
    session.rollback()
    approve(session, live, version)
    assert (live.state, live.working_state, live.edit) == (S.LIVE, S.LIVE, None)
    assert (live.title, live.slug, live.price_cents) == ("Paper-cut owls", "paper-cut-owls", 399)
    assert (live.live_version_id, live.published_at) == (version.id, first_day)
    assert (version.words or {})["title"] == "Paper-cut owls"
    actions = session.scalars(
        select(ListingEvent.action)
        .where(ListingEvent.listing_id == live.id)
        .order_by(ListingEvent.at)
    ).all()
    assert actions[-4:] == ["edit_begin", "edit_submit", "edit_finish_verification", "edit_approve"]


def test_a_rejected_edit_leaves_the_listing_on_sale_and_can_be_revised(
    shop: FlaskClient, session: Session, services: Services, live: Listing
) -> None:
    sold = live.live_version_id
    edited(session, services, live)
    operations.finish_verification(session, live)
    operations.reject(session, live, live.seller_id, "MISLEADING_TEXT", "Say owls.")
    session.commit()
    assert (live.state, live.working_state, live.live_version_id) == (S.LIVE, S.REJECTED, sold)
    page = shop.get(f"/sell/{live.id}").text
    assert "Say owls." in page
    assert "Revise it" in page
    assert shop.post(f"/sell/{live.id}/revise").location.endswith("/steps/start")
    session.expire_all()
    version = version_of(session, live)
    assert (version.number, live.working_state) == (3, S.DRAFT)
    assert 'value="Paper-cut owls"' in shop.get(f"/sell/{live.id}/steps/describe").text
    assert "You are writing a new version" in shop.get("/sell").text


def test_an_edit_is_written_in_the_wizard_and_can_be_given_up(
    shop: FlaskClient, session: Session, services: Services, live: Listing
) -> None:
    sold = live.live_version_id
    shop.post(f"/sell/{live.id}/revise")
    address = f"/sell/{live.id}/steps/describe"
    shop.post(address, data={"revision": "0", "go": "stay", "title": "Paper-cut bears"})
    session.expire_all()
    assert live.title == "Paper-cut animals"
    assert words_of(live, version_of(session, live)).title == "Paper-cut bears"
    assert "Paper-cut animals" in shop.get(f"/p/{live.path}").text
    assert "The one on sale stays up" in shop.get(address).text.replace("the one", "The one")
    assert shop.post(f"/sell/{live.id}/give-up").status_code == 302
    session.expire_all()
    assert (live.version_id, live.live_version_id, live.edit) == (sold, sold, None)
    assert shop.post(f"/sell/{live.id}/give-up").status_code == 409
    reopen_draft(session, live, live.seller_id)
    assert version_of(session, live).number == 3


def test_what_an_edit_leaves_alone_follows_the_listing(
    shop: FlaskClient, session: Session, services: Services, live: Listing
) -> None:
    reopen_draft(session, live, live.seller_id)
    session.commit()
    address = f"/sell/{live.id}/steps/describe"
    shop.post(address, data={"revision": "0", "go": "stay", "title": "Paper-cut bears"})
    shop.post(f"/sell/{live.id}/touch-up", data={"price": "3.49"})
    session.expire_all()
    version = version_of(session, live)
    assert words_of(live, version).price_cents == live.price_cents == 349
    assert 'value="3.49"' in shop.get(f"/sell/{live.id}/steps/price").text
    revision, typed = standing(session, services.vault, live)
    shop.post(address, data={"revision": revision, "go": "stay", "tags": "paper, bears"})
    session.expire_all()
    words = words_of(live, version)
    assert (words.title, words.price_cents, words.tags) == (
        "Paper-cut bears", 349, ("paper", "bears")
    )  # fmt: skip
    assert typed["title"] == "Paper-cut bears"
    assert live.tags != ["paper", "bears"]


def test_the_database_wants_a_proof_of_its_own_and_there_is_one_edit_at_a_time(
    shop: FlaskClient, session: Session, services: Services, live: Listing
) -> None:
    for _ in range(2):
        shop.post(f"/sell/{live.id}/revise")
    session.expire_all()
    version = version_of(session, live)
    assert version.number == 2
    version.edit_state = None
    live.live_version_id = version.id
    with pytest.raises(IntegrityError, match="without its proof"):
        session.commit()


def test_a_suspended_shop_changes_nothing(
    shop: FlaskClient, session: Session, services: Services, live: Listing
) -> None:
    reopen_draft(session, live, live.seller_id)
    live.seller.suspended_until = now() + timedelta(days=2)
    session.commit()
    for path, data in (("touch-up", {"price": "3.99"}), ("hand-in", {})):
        assert shop.post(f"/sell/{live.id}/{path}", data=data).status_code == 409
    session.expire_all()
    assert (live.price_cents, live.working_state) == (299, S.DRAFT)


def test_strangers_and_other_sellers_can_do_nothing_to_it(
    app: Flask, session: Session, services: Services, live: Listing
) -> None:
    edited(session, services, live)
    other = log_in(app.test_client(), make_seller(session, handle="other").user)
    session.commit()
    for path in ("revise", "give-up", "touch-up", "steps/describe", "hand-in", "submit"):
        for browser in (other, app.test_client()):
            sent = browser.post(f"/sell/{live.id}/{path}", data={"price": "3.99"})
            assert sent.status_code in (302, 401, 403, 404)
            assert "/sell/" not in (sent.location or "") or "login" in (sent.location or "")
    session.expire_all()
    assert (live.price_cents, live.working_state) == (299, S.VERIFYING)
    public = app.test_client()
    for page in (f"/p/{live.path}", f"/p/{live.path}/proof", f"/p/{live.path}/proof?version=2"):
        assert "owls" not in public.get(page).text


def test_stopping_an_edits_verification_makes_it_a_draft_again(
    session: Session, services: Services, live: Listing
) -> None:
    edited(session, services, live)
    operations.cancel_verification(session, live, live.seller_id)
    assert (live.state, live.working_state) == (S.LIVE, S.DRAFT)
    operations.withdraw(session, live, live.seller_id)
    assert (live.state, live.working_state) == (S.WITHDRAWN, S.DRAFT)
    operations.relist(session, live, live.seller_id)
    discard_edit(session, live, live.seller_id)
    assert (live.state, live.working_state) == (S.LIVE, S.LIVE)


def test_buyers_get_what_came_later_for_the_same_model(
    app: Flask, session: Session, services: Services, live: Listing
) -> None:
    buyer = make_buyer(session)
    bought = make_purchase(session, buyer, live)
    session.commit()
    reopen_draft(session, live, live.seller_id)
    write_prompt(services.vault, version_of(session, live), NEWER)
    version = edited(session, services, live)
    browser = log_in(app.test_client(), buyer)
    assert "A newer version" not in browser.get(f"/library/{bought.id}").text
    approve(session, live, version)
    assert "Version 2" in browser.get(f"/library/{bought.id}").text
    later = browser.get(f"/library/{bought.id}?version=2").text
    assert 'aria-current="true">Version 2</a>' in later
    assert "<dt>Version</dt><dd>1</dd>" in later  # of the receipt
    assert "Version 1, as bought" in browser.get(f"/library/{bought.id}?version=7").text
    assert "Newer version" in browser.get("/library").text
    session.expire_all()
    secret = services.vault.open(version.prompt_sealed)
    with pytest.raises(InvalidError, match="people pay for"):
        refuse_disclosure(session, services.vault, buyer.id, secret, "text")
