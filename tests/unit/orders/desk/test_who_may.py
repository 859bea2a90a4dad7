"""Everything at the desk is tried by everybody: who may not must not even learn that it exists."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.accounts import operations
from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.permissions import Role
from marketplace.orders.desk.models import DeskAct
from marketplace.orders.models import OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.states import OrderState, RequestState, TransferState
from marketplace.stripe_events.models import InboxState, StripeEvent
from tests.factories.money import (
    make_alert,
    make_debt,
    make_dispute,
    make_failed_refund,
    make_reconciliation,
    make_request,
)
from tests.fixtures.app import log_in
from tests.unit.orders.desk.conftest import Desk

M, B, A = Role.MODERATOR, Role.BOOKKEEPER, Role.ADMIN
ALL, DECIDE, BOOKS = {M, B, A}, {M, A}, {B, A}
# Written out by hand and not read from the views: a guard that is changed must be changed here.
WHO = {
    ("GET", "desk.index"): ALL,
    ("GET", "desk.orders"): ALL,
    ("GET", "desk.order"): ALL,
    ("GET", "desk.log"): ALL,
    ("GET", "desk.refunds"): ALL,
    ("GET", "desk.refund_request"): ALL,
    ("GET", "desk.parked"): ALL,
    ("GET", "desk.failed_refund"): ALL,
    ("GET", "desk.disputes"): ALL,
    ("GET", "desk.dispute"): ALL,
    ("GET", "desk.seller_list"): ALL,
    ("GET", "desk.seller"): ALL,
    ("GET", "desk.line"): ALL,
    ("GET", "desk.refund"): DECIDE,
    ("POST", "desk.refund_step"): DECIDE,
    ("POST", "desk.decide_request"): DECIDE,
    ("POST", "desk.refund_parked_order"): DECIDE,
    ("POST", "desk.hold_all"): DECIDE,
    ("POST", "desk.release_all"): DECIDE,
    ("POST", "desk.hold_one"): DECIDE,
    ("POST", "desk.release_one"): DECIDE,
    ("POST", "desk.change_evidence"): DECIDE,
    ("GET", "desk.send_evidence"): DECIDE,
    ("POST", "desk.sent_evidence"): DECIDE,
    ("POST", "desk.accept"): DECIDE,
    ("POST", "desk.resolve_alert"): BOOKS,
    ("POST", "desk.pay_by_hand"): BOOKS,
    ("POST", "desk.write_off_debt"): BOOKS,
    ("GET", "desk.reconciliations"): BOOKS,
    ("POST", "desk.reconcile_now"): BOOKS,
    ("GET", "desk.reconciliation"): BOOKS,
    ("GET", "desk.trial_balance"): BOOKS,
    ("GET", "desk.export"): BOOKS,
    ("POST", "desk.download"): BOOKS,
    ("GET", "desk_webhooks.index"): BOOKS,
    ("POST", "desk_webhooks.retry"): {A},
}
FORM = {
    "reason": "other", "note": "attack", "answer": "attack", "sure": "y", "amount": "0.01",
    "approve": "y", "confirm": "y", "start": "2026-11-01", "end": "2026-11-02",
    "day": "2026-11-01", "send": "y",
}  # fmt: skip


@pytest.fixture
def ids(desk: Desk) -> dict[str, str]:
    """An id of each kind that is really there: a 404 can have no other cause than the guard."""
    session = desk.session
    first, second = desk.order.lines
    event = StripeEvent(
        id="evt_dead", type="charge.refunded", livemode=False, payload={}, created=now(),
        state=InboxState.DEAD, attempts=12,
    )  # fmt: skip
    session.add(event)
    make_debt(session, second, 100)
    found = {
        "order_id": desk.order.id,
        "line_id": first.id,
        "seller_id": second.seller_id,
        "request_id": make_request(session, first).id,
        "refund_id": make_failed_refund(session, first).id,
        "dispute_id": make_dispute(session, desk.order).id,
        "alert_id": make_alert(session).id,
        "reconciliation_id": make_reconciliation(session).id,
        "event_id": event.id,
    }
    session.commit()
    return found


def addresses(app: Flask, ids: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Method, endpoint and address of everything at the desk."""
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("desk"):
            continue
        values = {name: ids[name] for name in rule.arguments}
        _host, path = rule.build(values, append_unknown=False) or ("", "")
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield method, rule.endpoint, path


def status(browser: FlaskClient, method: str, path: str) -> int:
    if method == "GET":
        return browser.get(path).status_code
    return browser.post(path, data=FORM).status_code


def test_the_table_names_every_address(app: Flask) -> None:
    names = ("order_id", "line_id", "seller_id", "request_id", "refund_id", "dispute_id")
    names += ("alert_id", "reconciliation_id", "event_id")
    there = {(m, e) for m, e, _ in addresses(app, dict.fromkeys(names, "0" * 13))}
    assert there == set(WHO)


@pytest.mark.parametrize("roles", [(), (Role.SELLER,), (M,), (B,)])
def test_who_may_not_finds_nothing_and_changes_nothing(
    desk: Desk, ids: dict[str, str], roles: tuple[Role, ...]
) -> None:
    browser = desk.browser(*roles)
    found = {
        (method, endpoint): status(browser, method, path)
        for method, endpoint, path in addresses(desk.app, ids)
        if not set(roles) & WHO[method, endpoint]
    }
    assert set(found.values()) == {404}
    assert desk.acts() == []
    assert desk.session.scalar(select(func.count()).select_from(Refund)) == 1
    request = desk.session.get_one(RefundRequest, ids["request_id"])
    assert request.state is RequestState.OPEN
    line = desk.session.get_one(OrderLine, ids["line_id"])
    assert line.transfer_state is TransferState.PENDING
    assert desk.session.get_one(StripeEvent, "evt_dead").state is InboxState.DEAD


def test_strangers_are_sent_to_log_in(desk: Desk, ids: dict[str, str]) -> None:
    stranger = desk.app.test_client()
    for method, endpoint, path in addresses(desk.app, ids):
        answer = stranger.get(path) if method == "GET" else stranger.post(path, data=FORM)
        assert answer.status_code == 302, endpoint
        assert "/account/login" in answer.location
    assert desk.acts() == []


@pytest.mark.parametrize("role", [M, B, A])
def test_who_may_read_does(desk: Desk, ids: dict[str, str], role: Role) -> None:
    desk.order.state = OrderState.REVIEW
    desk.session.commit()
    browser = desk.browser(role)
    found = {
        endpoint: browser.get(path).status_code
        for method, endpoint, path in addresses(desk.app, ids)
        if method == "GET" and role in WHO[method, endpoint]
    }
    assert set(found.values()) == {200}, found


def test_roles_add_up(desk: Desk, ids: dict[str, str]) -> None:
    """A moderator who keeps the books may do all but set webhooks going."""
    both = desk.browser(M, B)
    for method, endpoint, path in addresses(desk.app, ids):
        if method == "GET":
            expected = 404 if endpoint == "desk.parked" else 200  # the order is not parked
            assert both.get(path).status_code == expected, endpoint
    assert both.post("/desk/webhooks/evt_dead/retry").status_code == 404


@pytest.mark.parametrize("role", [M, A])
def test_nobody_but_the_owner_decides_about_their_own_money(
    desk: Desk, ids: dict[str, str], role: Role
) -> None:
    person = desk.person(role)
    desk.order.buyer_id = person.id
    desk.session.get_one(RefundRequest, ids["request_id"]).buyer_id = person.id
    desk.session.commit()
    browser = log_in(desk.app.test_client(), person)
    for path in (
        f"/desk/orders/{desk.order.id}/refund",
        f"/desk/refunds/requests/{ids['request_id']}",
        f"/desk/disputes/{ids['dispute_id']}/evidence",
        f"/desk/disputes/{ids['dispute_id']}/accept",
        f"/desk/lines/{ids['line_id']}/hold",
    ):
        answer = browser.post(path, data={})
        assert (answer.status_code == 403) is (role is M), path
        assert ("somebody else has to decide" in answer.text) is (role is M), path


def test_a_seller_cannot_release_their_own_money(desk: Desk) -> None:
    line = desk.order.lines[0]
    line.transfer_state, line.held_code = TransferState.HELD, "by_hand"
    desk.session.commit()
    seller = desk.session.get_one(User, line.seller_id)
    operations.grant_role(desk.session, seller, Role.MODERATOR)
    desk.session.commit()
    browser = log_in(desk.app.test_client(), seller)
    form = {"reason": "I need it"}
    assert browser.post(f"/desk/lines/{line.id}/release", data=form).status_code == 403
    assert browser.post(f"/desk/sellers/{line.seller_id}/release", data=form).status_code == 403
    desk.session.refresh(line)
    assert line.transfer_state is TransferState.HELD


@pytest.mark.parametrize("path", ["/desk/orders/{}/refund", "/desk/lines/{}/hold"])
def test_without_the_forms_token_nothing_is_done(desk: Desk, csrf_app: Flask, path: str) -> None:
    browser = desk.browser(Role.ADMIN)
    csrf_app.config["WTF_CSRF_ENABLED"] = True
    line = desk.order.lines[0]
    address = path.format(desk.order.id if "orders" in path else line.id)
    answer = browser.post(address, data={**FORM, f"line-{line.id}": "y"})
    assert answer.status_code == 400
    assert desk.acts() == []


@pytest.mark.parametrize("odd", ["0" * 13, "nonsense", "%00", "..%2f..", "x" * 300])
def test_made_up_ids_are_not_there(desk: Desk, odd: str) -> None:
    browser = desk.browser(Role.ADMIN)
    for path in ("orders/{}", "orders/{}/refund", "refunds/requests/{}", "refunds/failed/{}",
                 "parked/{}", "disputes/{}", "disputes/{}/send", "sellers/{}", "lines/{}",
                 "books/{}"):  # fmt: skip
        assert browser.get(f"/desk/{path.format(odd)}").status_code == 404, path
    for path in ("alerts/{}/resolve", "webhooks/{}/retry", "lines/{}/hold", "disputes/{}/accept"):
        assert browser.post(f"/desk/{path.format(odd)}", data=FORM).status_code == 404, path


def test_what_was_done_cannot_be_changed(desk: Desk) -> None:
    desk.session.add(DeskAct(act="export", subject="2026"))
    desk.session.commit()
    (act,) = desk.acts()
    act.subject = "never"
    with pytest.raises(Exception, match="append-only"):
        desk.session.flush()
    desk.session.rollback()
