"""Finds orders by whatever a person has at hand: an id of ours or Stripe's, an e-mail, a name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.ids import is_id
from marketplace.core.web.pagination import Page
from marketplace.orders.books_models import BalanceTransaction
from marketplace.orders.dispute_models import Dispute, FraudWarning, PaymentAttempt
from marketplace.orders.models import LedgerEntry, Order, OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.states import OrderState
from marketplace.orders.transfer_models import LineTransfer, TransferReversal

PAGE_SIZE = 25
MAX_TEXT = 200
STRIPE_ID = re.compile(r"(?:cs|pi|ch|py|re|pyr|tr|trr|du|dp|txn|acct|issfr)_[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Found:
    """One order of a list, with its buyer's address."""

    order: Order
    email: str


def clean(text: str) -> str:
    """What was typed, without blanks around and characters that no database column holds."""
    return "".join(char for char in text if char.isprintable()).strip()[:MAX_TEXT]


def find(session: Session, text: str, state: OrderState | None, number: int) -> Page[Found]:
    """Orders that fit, newest first; an empty text fits all."""
    query = select(Order, User.email).join(User, User.id == Order.buyer_id)
    if state is not None:
        query = query.where(Order.state == state)
    text = clean(text)
    if text:
        query = query.where(_fits(text))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(
        query.options(selectinload(Order.lines))
        .order_by(Order.created_at.desc(), Order.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([Found(order, email) for order, email in rows], number, PAGE_SIZE, total)


def _fits(text: str) -> ColumnElement[bool]:
    if STRIPE_ID.fullmatch(text):
        return _stripe_id(text)
    if is_id(text.lower()):
        return or_(_own_id(text.lower()), _words(text))
    return _words(text)


def _own_id(value: str) -> ColumnElement[bool]:
    """Ids of ours: of the order, or of what belongs to it."""
    return or_(
        Order.id == value,
        Order.buyer_id == value,
        _in(
            select(OrderLine.order_id).where(
                or_(
                    OrderLine.id == value,
                    OrderLine.listing_id == value,
                    OrderLine.seller_id == value,
                )
            )
        ),
        _in(select(Refund.order_id).where(Refund.id == value)),
        _in(select(RefundRequest.order_id).where(RefundRequest.id == value)),
        _in(select(Dispute.order_id).where(Dispute.id == value)),
    )


def _stripe_id(value: str) -> ColumnElement[bool]:
    line = select(OrderLine.order_id)
    sellers = select(SellerProfile.user_id).where(SellerProfile.stripe_account_id == value)
    # A balance transaction is named by the entries that book it, or leads to its charge.
    sources = select(BalanceTransaction.source_id).where(BalanceTransaction.id == value)
    booked = [f"{kind}:{value}" for kind in ("fee", "dispute_bt", "charge", "transfer", "refund")]
    return or_(
        Order.checkout_session_id == value,
        Order.payment_intent_id == value,
        Order.charge_id == value,
        Order.charge_id.in_(sources),
        _in(line.join(LineTransfer).where(LineTransfer.transfer_id == value)),
        _in(line.join(TransferReversal).where(TransferReversal.reversal_id == value)),
        _in(select(Refund.order_id).where(Refund.refund_id == value)),
        _in(select(Refund.order_id).where(Refund.refund_id.in_(sources))),
        _in(select(Dispute.order_id).where(Dispute.dispute_id == value)),
        _in(select(FraudWarning.order_id).where(FraudWarning.warning_id == value)),
        _in(select(PaymentAttempt.order_id).where(PaymentAttempt.charge_id == value)),
        _in(select(LedgerEntry.order_id).where(LedgerEntry.external_id.in_(booked))),
        _in(line.where(OrderLine.seller_id.in_(sellers))),
    )


def _words(text: str) -> ColumnElement[bool]:
    """Parts of the buyer's address, of a title, of a seller's name or handle."""
    handle = text.removeprefix("@")
    sellers = select(SellerProfile.user_id).where(
        or_(
            SellerProfile.handle.icontains(handle, autoescape=True),
            SellerProfile.display_name.icontains(text, autoescape=True),
        )
    )
    lines = select(OrderLine.order_id).where(
        or_(OrderLine.title.icontains(text, autoescape=True), OrderLine.seller_id.in_(sellers))
    )
    return or_(User.email.icontains(text, autoescape=True), _in(lines))


def _in(orders: Select[str] | Select[str | None]) -> ColumnElement[bool]:
    return Order.id.in_(orders)
