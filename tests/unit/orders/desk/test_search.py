"""Orders are found by whatever a person has at hand."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.orders.desk.search import clean, find
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.transfer_models import LineTransfer
from tests.factories.money import (
    make_debt,
    make_dispute,
    make_failed_refund,
    make_order,
    make_request,
)
from tests.factories.orders import make_buyer, make_live_listing, make_seller


def found(session: Session, text: str, state: OrderState | None = None) -> list[str]:
    return [row.order.id for row in find(session, text, state, 1).items]


@pytest.fixture
def order(session: Session) -> Order:
    """The order that is looked for; another one of other people is there, too."""
    for _other in range(2):
        listing = make_live_listing(session, make_seller(session, None), 299)
        order = make_order(session, make_buyer(session).id, listing)
    order.lines[0].title = "Velvet 100%_moth"
    session.flush()
    return order


def test_by_every_id(session: Session, order: Order) -> None:
    line = order.lines[0]
    seller = session.get_one(SellerProfile, line.seller_id)
    seller.stripe_account_id = "acct_wanted"
    session.add(
        LineTransfer(
            line_id=line.id, seller_id=line.seller_id, kind="transfer", state="done", attempt=1,
            cents=239, currency="usd", transfer_id="tr_wanted",
        )
    )  # fmt: skip
    refund, dispute = make_failed_refund(session, line), make_dispute(session, order)
    reversal = make_debt(session, line, 1)
    reversal.state, reversal.reversal_id = "done", "trr_wanted"
    session.flush()
    ids = [
        order.id, order.id.upper(), f"  {order.id} ", line.id, line.listing_id, line.seller_id,
        order.buyer_id, make_request(session, line).id, refund.id, dispute.id,
        order.charge_id, order.payment_intent_id, order.checkout_session_id,
        "acct_wanted", "tr_wanted", "trr_wanted", refund.refund_id, dispute.dispute_id,
    ]  # fmt: skip
    assert {text: found(session, str(text)) for text in ids} == {text: [order.id] for text in ids}


def test_by_words(session: Session, order: Order) -> None:
    email = session.get_one(User, order.buyer_id).email
    seller = session.get_one(SellerProfile, order.lines[0].seller_id)
    seller.display_name = "Ólafur & Søn"
    session.flush()
    for text in (email, email.upper(), email[:9], "velvet", "100%_", seller.handle,
                 f"@{seller.handle}", "ólafur"):  # fmt: skip
        assert order.id in found(session, text), text
    assert found(session, email) == [order.id]
    assert found(session, "100%_") == [order.id]  # signs of LIKE are letters like others


def test_by_state(session: Session, order: Order) -> None:
    order.state = OrderState.DISPUTED
    session.flush()
    assert found(session, "", OrderState.DISPUTED) == [order.id]
    assert order.id not in found(session, "", OrderState.PAID)
    assert found(session, order.id, OrderState.PAID) == []


@pytest.mark.parametrize("text", ["re_nothing", "0" * 13, "no such title", "'; DROP TABLE orders"])
def test_nothing_fits(session: Session, order: Order, text: str) -> None:
    assert found(session, text) == []


def test_odd_characters_are_left_out() -> None:
    assert clean(" a\x00b\n ") == "ab"
    assert len(clean("x" * 1000)) == 200


def test_pages(session: Session, order: Order) -> None:
    page = find(session, "", None, 2)
    assert (page.total, list(page.items), page.number) == (2, [], 2)
