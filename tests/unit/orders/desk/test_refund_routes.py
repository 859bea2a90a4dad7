"""Refunds from the desk: shown before they are done, done once, and kept with their reason."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.core.permissions import Role
from marketplace.orders.desk.models import Act
from marketplace.orders.models import Entitlement
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import (
    EntitlementState,
    OrderState,
    RefundReason,
    TransferState,
)
from tests.unit.orders.desk.conftest import Desk

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture
def moderator(desk: Desk) -> FlaskClient:
    return desk.browser(Role.MODERATOR)


def fill(desk: Desk, *amounts: str | None, note: str = "asked by phone") -> dict[str, str]:
    """The form; None leaves a line out."""
    form = {"reason": "owner_decision", "note": note}
    for line, amount in zip(desk.order.lines, amounts, strict=False):
        if amount is not None:
            form |= {f"line-{line.id}": "y", f"amount-{line.id}": amount}
    return form


def confirmed(page: str) -> dict[str, str]:
    """What the button of the confirmation sends."""
    return {name: unescape(value) for name, value in HIDDEN.findall(page)} | {"confirm": "y"}


def refunds(desk: Desk) -> list[Refund]:
    desk.session.expire_all()
    return list(desk.session.scalars(select(Refund).order_by(Refund.created_at)))


def test_nothing_happens_before_it_is_confirmed(desk: Desk, moderator: FlaskClient) -> None:
    address = f"/desk/orders/{desk.order.id}/refund"
    page = moderator.post(address, data=fill(desk, "", None))
    assert page.status_code == 200
    # $2.99: the buyer gets all, 60 cents of it from the commission, 2.39 never sent.
    assert "Refund $2.99?" in page.text
    assert all(sum_ in page.text for sum_ in ("$0.60", "$2.39 that waited will not be sent"))
    assert "The buyer loses the prompt." in page.text
    assert refunds(desk) == []
    assert desk.acts() == []
    done = moderator.post(address, data=confirmed(page.text))
    assert (done.status_code, done.location) == (303, f"/desk/orders/{desk.order.id}")
    (row,) = refunds(desk)
    assert (row.cents, row.reason, row.note) == (299, RefundReason.OWNER_DECISION, "asked by phone")
    act = desk.only_act(Act.REFUND)
    assert (act.actor_id, act.reason) == (desk.person(Role.MODERATOR).id, "asked by phone")
    assert (act.order_id, act.subject, act.cents) == (desk.order.id, row.id, 299)
    right = desk.session.scalars(
        select(Entitlement).where(Entitlement.line_id == row.line_id)
    ).one()
    assert right.state is EntitlementState.REVOKED


def test_a_second_click_refunds_nothing_more(desk: Desk, moderator: FlaskClient) -> None:
    address = f"/desk/orders/{desk.order.id}/refund"
    form = confirmed(moderator.post(address, data=fill(desk, "1.00", None)).text)
    assert moderator.post(address, data=form).status_code == 303
    again = moderator.post(address, data=form)
    assert again.status_code == 409
    assert "after you looked at it" in again.text
    assert [row.cents for row in refunds(desk)] == [100]


def test_a_forged_confirmation_is_shown_instead_of_done(desk: Desk, moderator: FlaskClient) -> None:
    form = {**fill(desk, "", ""), "confirm": "y", "seen": "made up"}
    assert moderator.post(f"/desk/orders/{desk.order.id}/refund", data=form).status_code == 409
    assert refunds(desk) == []


def test_parts_and_wholes_together(desk: Desk, moderator: FlaskClient) -> None:
    address = f"/desk/orders/{desk.order.id}/refund"
    page = moderator.post(address, data=fill(desk, "0.50", ""))
    assert "Refund $5.49?" in page.text
    assert "A part: the buyer keeps the prompt." in page.text
    moderator.post(address, data=confirmed(page.text))
    assert sorted(row.cents for row in refunds(desk)) == [50, 499]
    assert len(desk.acts()) == 2


def test_what_was_sent_already_is_said_to_be_called_back(
    desk: Desk, moderator: FlaskClient
) -> None:
    line = desk.order.lines[0]
    line.transferred_cents, line.transfer_id = 239, "tr_sent"
    line.transfer_state = TransferState.DONE
    desk.session.commit()
    page = moderator.post(f"/desk/orders/{desk.order.id}/refund", data=fill(desk, "", None))
    assert "$2.39 will be called back" in page.text


def test_tax_goes_back_with_its_line(desk: Desk, moderator: FlaskClient) -> None:
    desk.order.tax_cents = desk.order.lines[0].tax_cents = 30
    desk.session.commit()
    address = f"/desk/orders/{desk.order.id}/refund"
    page = moderator.post(address, data=fill(desk, "", None))
    assert "Refund $3.29?" in page.text
    assert "$0.30 of it tax" in page.text
    moderator.post(address, data=confirmed(page.text))
    assert [(row.cents, row.tax_cents) for row in refunds(desk)] == [(299, 30)]


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("3.00", "$2.99 can be given back"),
        ("0", "$2.99 can be given back"),
        ("-1", "Write the price in dollars"),
        ("1.234", "Write the price in dollars"),
        ("=1+1", "Write the price in dollars"),
        ("١", "Write the price in dollars"),
    ],
)
def test_bad_sums_are_explained_and_nothing_typed_is_lost(
    desk: Desk, moderator: FlaskClient, amount: str, said: str
) -> None:
    form = fill(desk, amount, None, note="a long <story>")
    page = moderator.post(f"/desk/orders/{desk.order.id}/refund", data=form)
    assert page.status_code == 422
    text = unescape(page.text)
    assert said in text
    assert f'value="{amount}"' in text
    assert "a long <story>" in text
    assert refunds(desk) == []


@pytest.mark.parametrize("missing", ["reason", "note"])
def test_a_refund_needs_its_reason(desk: Desk, moderator: FlaskClient, missing: str) -> None:
    form = {**fill(desk, "1", None), missing: "  " if missing == "note" else ""}
    page = moderator.post(f"/desk/orders/{desk.order.id}/refund", data=form)
    assert page.status_code == 422
    assert 'value="1"' in page.text


def test_rules_reasons_are_not_for_people(desk: Desk, moderator: FlaskClient) -> None:
    form = {**fill(desk, "1", None), "reason": "fraud_warning"}
    assert moderator.post(f"/desk/orders/{desk.order.id}/refund", data=form).status_code == 422


def test_no_line_is_no_refund(desk: Desk, moderator: FlaskClient) -> None:
    page = moderator.post(f"/desk/orders/{desk.order.id}/refund", data=fill(desk, None, None))
    assert page.status_code == 422
    assert "Choose at least one line" in page.text


def test_a_line_of_another_order_is_not_refunded(desk: Desk, moderator: FlaskClient) -> None:
    form = {"reason": "other", "note": "x", "line-0000000000000": "y"}
    assert moderator.post(f"/desk/orders/{desk.order.id}/refund", data=form).status_code == 422


def test_changing_ones_mind_keeps_what_was_typed(desk: Desk, moderator: FlaskClient) -> None:
    address = f"/desk/orders/{desk.order.id}/refund"
    form = confirmed(moderator.post(address, data=fill(desk, "1.25", None)).text)
    del form["confirm"]
    page = moderator.post(address, data={**form, "change": "y"})
    assert page.status_code == 200
    assert 'value="1.25"' in page.text
    assert "asked by phone" in page.text
    assert refunds(desk) == []


def test_disputed_money_is_not_offered(desk: Desk, moderator: FlaskClient) -> None:
    desk.order.state = OrderState.DISPUTED
    desk.session.commit()
    address = f"/desk/orders/{desk.order.id}/refund"
    assert "cannot be given back a second time" in moderator.get(address).text
    form = {**fill(desk, "", ""), "confirm": "y"}
    assert moderator.post(address, data=form).status_code == 409
    assert refunds(desk) == []
