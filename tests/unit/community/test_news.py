"""Saved searches and digests: who is written to, once, whatever is killed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail
from marketplace.community import favourites, news, saved_searches
from marketplace.community.models import FollowDigest, SavedSearch
from marketplace.community.unsubscribing import MailKind, read_token, unsubscribe_url
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.listings.models import Listing
from marketplace.search import indexing
from tests.factories.accounts import make_user
from tests.factories.shop import make_on_sale
from tests.fixtures.app import log_in
from tests.unit.community.conftest import Street

HOUR = timedelta(hours=1)


def publish(
    session: Session, services: Services, street: Street, title: str, at: datetime
) -> Listing:
    listing = make_on_sale(session, services, street.seller, title=title, category_slug="posters")
    listing.published_at = at
    session.commit()
    indexing.update(services)
    return listing


def sweep(services: Services, at: datetime) -> int:
    with frozen(at):
        return news.sweep_news(services)


def mails(session: Session) -> list[OutgoingMail]:
    session.expire_all()
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at)))


def test_a_saved_search_writes_once_a_day_about_what_is_new(
    session: Session, services: Services, street: Street
) -> None:
    start = now()
    search = saved_searches.save_search(session, street.buyer.id, "category=posters&sort=newest")
    session.commit()
    assert (search.address, search.name) == ("category=posters", "Posters")
    assert sweep(services, start + HOUR) == 0, "what was there before is no news"
    publish(session, services, street, "Dunes", start + 2 * HOUR)
    assert sweep(services, start + 2 * HOUR) == 0, "too young: it waits for the next look"
    assert sweep(services, start + 3 * HOUR) == 1
    publish(session, services, street, "Reefs", start + 4 * HOUR)
    assert sweep(services, start + 5 * HOUR) == 0, "one mail a day"
    (mail,) = mails(session)
    assert "Dunes" in mail.body_text
    assert "Castles" not in mail.body_text
    assert "velvet" not in mail.body_text + mail.subject
    assert mail.unsubscribe_url is not None
    assert mail.unsubscribe_url in mail.body_text
    assert sweep(services, start + 30 * HOUR) == 1
    assert "Reefs" in mails(session)[1].body_text
    assert "Dunes" not in mails(session)[1].body_text
    assert sweep(services, start + 60 * HOUR) == 0


def test_whoever_is_killed_has_told_nothing_and_nobody_is_told_twice(
    session: Session, services: Services, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = now()
    saved_searches.save_search(session, street.buyer.id, "category=posters")
    other = make_user(session)
    saved_searches.save_search(session, other.id, "category=posters")
    publish(session, services, street, "Dunes", start + HOUR)
    real, fail = news.queue_mail, {"left": 1}

    def dies(*args: object, **named: object) -> object:
        row = real(*args, **named)  # type: ignore[arg-type]
        if fail["left"]:
            fail["left"] -= 1
            raise RuntimeError("killed after the mail's row, before the commit")
        return row

    monkeypatch.setattr(news, "queue_mail", dies)
    assert sweep(services, start + 2 * HOUR) == 1, "the other one has its turn"
    assert len(mails(session)) == 1
    assert sweep(services, start + 4 * HOUR) == 1
    assert sweep(services, start + 6 * HOUR) == 0
    assert {mail.recipient for mail in mails(session)} == {street.buyer.email, other.email}


def test_two_workers_do_not_look_at_one_row(
    session: Session, services: Services, street: Street
) -> None:
    search = saved_searches.save_search(session, street.buyer.id, "category=posters")
    publish(session, services, street, "Dunes", now() + HOUR)
    session.get(SavedSearch, search.id, with_for_update=True)
    assert sweep(services, now() + 2 * HOUR) == 0, "another worker holds it"
    session.rollback()
    assert sweep(services, now() + 2 * HOUR) == 1


def test_followers_get_a_digest_once_a_week(
    session: Session, services: Services, street: Street
) -> None:
    start = now()
    for reader in (street.buyer, street.stranger):
        favourites.follow(session, reader.id, street.seller.user_id)
    favourites.want_digest(session, street.stranger.id, False)
    publish(session, services, street, "Dunes", start + HOUR)
    assert sweep(services, start + 2 * HOUR) == 1
    publish(session, services, street, "Reefs", start + 3 * HOUR)
    assert sweep(services, start + 72 * HOUR) == 0
    assert sweep(services, start + 8 * 24 * HOUR) == 1
    first, second = mails(session)
    assert (first.recipient, first.subject) == (street.buyer.email, "New from Mira Holm")
    assert "Dunes" in first.body_text
    assert "Reefs" in second.body_text
    assert "Dunes" not in second.body_text


def test_closed_accounts_are_not_written_to(
    session: Session, services: Services, street: Street
) -> None:
    saved_searches.save_search(session, street.buyer.id, "category=posters")
    street.buyer.active = False
    publish(session, services, street, "Dunes", now() + HOUR)
    assert sweep(services, now() + 2 * HOUR) == 0


def test_what_can_be_saved(
    session: Session, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(address: str) -> SavedSearch:
        return saved_searches.save_search(session, street.buyer.id, address)

    search = save("?page=3&q=paper%20fox&category=nonsense&model=house-full&utm=x".lstrip("?"))
    assert search.name == "“paper fox”, Bracket House 1 (1.1 full)"
    assert search.address == "q=paper+fox&model=house-full"
    assert save("model=house-full&q=paper++fox") is search, "the same search, however it is spelled"
    saved_searches.pause(search)
    assert not save("model=house-full&q=paper+fox").paused
    for nothing in ("", "sort=newest", "category=nonsense", "%00=%ff&&&==", "q=x&" * 200):
        with pytest.raises(InvalidError, match="filter or type"):
            save(nothing)
    monkeypatch.setattr(saved_searches, "MAX_SEARCHES", 1)
    with pytest.raises(ConflictError, match="saved searches"):
        save("q=another")
    with pytest.raises(NotFoundError):
        saved_searches.own_search(session, street.stranger.id, search.id)


def test_the_pages_save_pause_resume_and_delete(
    client: FlaskClient, session: Session, street: Street
) -> None:
    assert "Log in to save this search" in client.get("/search?q=fox").text
    log_in(client, street.buyer)
    assert 'value="q=fox"' in client.get("/search?q=fox").text
    assert "Save this search" not in client.get("/browse").text
    saved = client.post("/saved-searches", data={"address": "q=fox"}, follow_redirects=True)
    assert "We write when something new matches" in saved.text
    search = session.scalars(select(SavedSearch)).one()
    base = f"/saved-searches/{search.id}"
    for verb, shown in (("pause", "paused"), ("resume", "nothing new yet"), ("delete", "Nothing")):
        assert shown in client.post(f"{base}/{verb}", follow_redirects=True).text
    assert client.post(f"{base}/pause").status_code == 404


def test_one_click_unsubscribes_without_a_log_in(
    csrf_app: object, session: Session, services: Services, street: Street
) -> None:
    client: FlaskClient = csrf_app.test_client()  # type: ignore[attr-defined]
    search = saved_searches.save_search(session, street.buyer.id, "q=fox")
    favourites.follow(session, street.buyer.id, street.seller.user_id)
    session.commit()
    for kind, row_id in ((MailKind.SEARCH, search.id), (MailKind.DIGEST, street.buyer.id)):
        path = unsubscribe_url(services.settings, kind, row_id).removeprefix("http://localhost")
        assert "Switch this mail off?" in client.get(path).text
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "No more of this mail" in answer.text
    session.expire_all()
    assert search.paused
    assert not session.get_one(FollowDigest, street.buyer.id).wanted
    assert client.post("/unsubscribe/forged.token").status_code == 404
    for forged in ("x", "W10.abc"):
        with pytest.raises(NotFoundError):
            read_token(services.settings, forged)
