"""The desk's page of webhooks and its command: what was given up is seen and set going again."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.permissions import Role
from marketplace.orders.desk.models import Act, DeskAct
from marketplace.stripe_events.commands import stripe
from marketplace.stripe_events.models import InboxState, StripeEvent, WebhookTrouble
from tests.factories.accounts import make_user
from tests.fixtures.app import log_in


@pytest.fixture
def owner(session: Session) -> User:
    person = make_user(session, Role.ADMIN, email="owner@example.com")
    session.commit()
    return person


def dead(session: Session, *ids: str) -> None:
    session.add_all(
        StripeEvent(
            id=one, type="charge.refunded", livemode=False, object_id="ch_about", created=now(),
            payload={"note": "a payload is never shown"}, state=InboxState.DEAD, attempts=12,
            error="NotFoundError",
        )
        for one in ids
    )  # fmt: skip
    session.commit()


def test_everything_about_webhooks_is_on_one_page(
    app: Flask, session: Session, owner: User
) -> None:
    dead(session, "evt_1")
    session.add(
        WebhookTrouble(
            day=now().date(), endpoint="connect", cause="stale", count=3, skew_seconds=-400,
            last_at=now(),
        )
    )  # fmt: skip
    session.commit()
    page = log_in(app.test_client(), owner).get("/desk/webhooks").text
    for text in ("evt_1", "NotFoundError", "12 tries", "/webhooks/stripe-connect",
                 "400 seconds behind", "our clock is ahead"):  # fmt: skip
        assert text in page
    assert "a payload is never shown" not in page


def test_what_was_given_up_is_tried_again(app: Flask, session: Session, owner: User) -> None:
    dead(session, "evt_1")
    browser = log_in(app.test_client(), owner)
    assert browser.post("/desk/webhooks/evt_1/retry").status_code == 303
    session.expire_all()
    event = session.get_one(StripeEvent, "evt_1")
    assert (event.state, event.attempts, event.retried_by) == (InboxState.FAILED, 0, owner.id)
    act = session.scalars(select(DeskAct)).one()
    assert (act.act, act.subject, act.actor_id) == (Act.RETRY_EVENT, "evt_1", owner.id)
    assert browser.post("/desk/webhooks/evt_1/retry").status_code == 409
    assert browser.post("/desk/webhooks/evt_2/retry").status_code == 404


def test_the_command_tries_all_or_some(app: Flask, session: Session, owner: User) -> None:
    dead(session, "evt_1", "evt_2", "evt_3")
    run = app.test_cli_runner().invoke
    assert run(stripe, ["retry-dead"]).exit_code == 2  # nobody is named
    unknown = run(stripe, ["retry-dead", "--by", "who@example.com"])
    assert "no account" in unknown.output
    one = run(stripe, ["retry-dead", "evt_2", "evt_9", "--by", owner.email])
    assert one.exit_code == 1
    assert "1 of 2 are being tried again." in one.output
    rest = run(stripe, ["retry-dead", "--by", owner.email])
    assert rest.exit_code == 0
    assert "2 of 2 are being tried again." in rest.output
    session.expire_all()
    assert not session.scalars(
        select(StripeEvent).where(StripeEvent.state == InboxState.DEAD)
    ).all()
    kept = session.scalars(select(DeskAct.subject).order_by(DeskAct.subject)).all()
    assert kept == ["evt_1", "evt_2", "evt_3"]
