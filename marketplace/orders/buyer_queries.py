"""Reads for a buyer's own pages: their orders, and all that happened to each line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.listings.models import ListingVersion
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.queries import order_of
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.refunds import refundable_cents
from marketplace.orders.states import MONEY_ARRIVED, REFUNDABLE, OrderState, RequestState

ALIVE = MONEY_ARRIVED | {OrderState.AWAITING_PAYMENT}
"""Orders worth showing at first sight; checkouts that came to nothing are shown on demand."""


@dataclass
class BuyersLine:
    """One line of an order with everything that its buyer may know about it."""

    line: OrderLine
    seller: SellerProfile
    right: Entitlement | None = None
    requests: list[RefundRequest] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    can_ask: bool = False
    """Whether money can be asked back for it now."""
    failed: bool = False
    """Whether the prompt failed its re-verification: whoever asks gets the money at once."""


def orders_of(
    session: Session, buyer_id: str, everything: bool, limit: int, offset: int
) -> list[Order]:
    """A buyer's orders with their lines, newest first.

    Args:
        everything: also checkouts that were left or ran out.
    """
    found = _orders(select(Order), buyer_id, everything).options(selectinload(Order.lines))
    found = found.order_by(Order.created_at.desc(), Order.id).limit(limit).offset(offset)
    return list(session.scalars(found))


def order_count(session: Session, buyer_id: str, everything: bool) -> int:
    """How many ``orders_of`` would find without a limit."""
    found = _orders(select(func.count()).select_from(Order), buyer_id, everything)
    return int(session.scalar(found) or 0)


def own_order(session: Session, order_id: str, buyer_id: str) -> Order:
    """One of the buyer's orders with its lines.

    Raises:
        NotFoundError: no such order, or another person's.
    """
    if not is_id(order_id):
        raise NotFoundError
    return order_of(session, order_id, buyer_id)


def buyers_lines(session: Session, order: Order) -> list[BuyersLine]:
    """The lines of an order in their order, each with its right, requests and refunds."""
    seller_ids = {line.seller_id for line in order.lines}
    sellers = session.scalars(select(SellerProfile).where(SellerProfile.user_id.in_(seller_ids)))
    named = {seller.user_id: seller for seller in sellers}
    shown = {line.id: BuyersLine(line, named[line.seller_id]) for line in order.lines}
    of_line = Entitlement.line_id.in_(shown)
    for right in session.scalars(
        select(Entitlement).where(of_line).order_by(Entitlement.created_at)
    ):
        shown[right.line_id].right = right
    of_line = RefundRequest.line_id.in_(shown)
    for request in session.scalars(
        select(RefundRequest).where(of_line).order_by(RefundRequest.created_at)
    ):
        shown[request.line_id].requests.append(request)
    of_line = Refund.line_id.in_(shown)
    for refund in session.scalars(select(Refund).where(of_line).order_by(Refund.created_at)):
        shown[str(refund.line_id)].refunds.append(refund)
    failed = _failed_versions(session, order)
    for each in shown.values():
        each.can_ask = _can_ask(session, order, each)
        each.failed = each.line.version_id in failed
    return list(shown.values())


def refunds_of_order(session: Session, order_id: str) -> list[Refund]:
    """Refunds of the whole payment: of money that never became an order."""
    found = select(Refund).where(Refund.order_id == order_id, Refund.line_id.is_(None))
    return list(session.scalars(found.order_by(Refund.created_at)))


def _orders(found: Select[Any], buyer_id: str, everything: bool) -> Select[Any]:
    found = found.where(Order.buyer_id == buyer_id)
    return found if everything else found.where(Order.state.in_(ALIVE))


def _failed_versions(session: Session, order: Order) -> set[str]:
    bought = [line.version_id for line in order.lines]
    found = select(ListingVersion.id).where(
        ListingVersion.id.in_(bought), ListingVersion.degraded_since.is_not(None)
    )
    return set(session.scalars(found))


def _can_ask(session: Session, order: Order, each: BuyersLine) -> bool:
    waiting = any(request.state is RequestState.OPEN for request in each.requests)
    return order.state in REFUNDABLE and not waiting and refundable_cents(session, each.line) > 0
