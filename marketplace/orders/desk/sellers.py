"""Sellers at the desk: who is in trouble, who owes, whose money is held, and one seller's money."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.errors import NotFoundError
from marketplace.core.web.pagination import Page
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.balances import SellerBalance, seller_balance
from marketplace.orders.desk.models import DeskAct
from marketplace.orders.desk.search import clean
from marketplace.orders.models import OrderLine
from marketplace.orders.states import ReversalState, TransferState
from marketplace.orders.transfer_models import (
    SellerHold,
    SellerPayout,
    TransferReversal,
    WriteOff,
)

PAGE_SIZE = 25
_TROUBLED = (TransfersStatus.RESTRICTED, TransfersStatus.REJECTED)
_LEFT = TransferReversal.cents - TransferReversal.recovered_cents
_FAILED_PAYOUTS = ("failed", "canceled")


@dataclass(frozen=True)
class SellerRow:
    """A seller of the list with what is the matter; sums in cents."""

    seller: SellerProfile
    email: str
    hold: SellerHold | None
    debt: int
    held_lines: int
    held_cents: int
    failed_payouts: int

    @property
    def account_trouble(self) -> bool:
        """True when Stripe will not let them be paid."""
        return self.seller.transfers_status in _TROUBLED


@dataclass(frozen=True)
class SellerView:
    """One seller's money, for the desk."""

    seller: SellerProfile
    email: str
    balance: SellerBalance
    hold: SellerHold | None
    debts: list[TransferReversal]
    write_offs: list[WriteOff]
    held: list[OrderLine]
    payouts: list[SellerPayout]
    acts: list[DeskAct]


def sellers_page(session: Session, text: str, number: int) -> Page[SellerRow]:
    """Sellers who fit what was typed; without a text those with something the matter."""
    hold = (
        select(SellerHold.seller_id, SellerHold.id.label("hold_id"))
        .where(SellerHold.released_at.is_(None))
        .subquery()
    )
    debt = (
        select(TransferReversal.seller_id, func.sum(_LEFT).label("cents"))
        .where(TransferReversal.state == ReversalState.REFUSED, _LEFT > 0)
        .group_by(TransferReversal.seller_id)
        .subquery()
    )
    held = (
        select(
            OrderLine.seller_id,
            func.count().label("many"),
            func.sum(OrderLine.seller_cents - OrderLine.refunded_seller_cents).label("cents"),
        )
        .where(OrderLine.transfer_state == TransferState.HELD)
        .group_by(OrderLine.seller_id)
        .subquery()
    )
    payouts = (
        select(SellerPayout.seller_id, func.count().label("many"))
        .where(SellerPayout.status.in_(_FAILED_PAYOUTS))
        .group_by(SellerPayout.seller_id)
        .subquery()
    )
    query = (
        select(
            SellerProfile,
            User.email,
            SellerHold,
            func.coalesce(debt.c.cents, 0),
            func.coalesce(held.c.many, 0),
            func.coalesce(held.c.cents, 0),
            func.coalesce(payouts.c.many, 0),
        )
        .join(User, User.id == SellerProfile.user_id)
        .outerjoin(hold, hold.c.seller_id == SellerProfile.user_id)
        .outerjoin(SellerHold, SellerHold.id == hold.c.hold_id)
        .outerjoin(debt, debt.c.seller_id == SellerProfile.user_id)
        .outerjoin(held, held.c.seller_id == SellerProfile.user_id)
        .outerjoin(payouts, payouts.c.seller_id == SellerProfile.user_id)
    )
    text = clean(text)
    if text:
        handle = text.removeprefix("@")
        query = query.where(
            or_(
                SellerProfile.handle.icontains(handle, autoescape=True),
                SellerProfile.display_name.icontains(text, autoescape=True),
                User.email.icontains(text, autoescape=True),
                SellerProfile.user_id == text.lower(),
                SellerProfile.stripe_account_id == text,
            )
        )
    else:
        query = query.where(
            or_(
                hold.c.hold_id.is_not(None),
                debt.c.cents > 0,
                held.c.many > 0,
                payouts.c.many > 0,
                SellerProfile.transfers_status.in_(_TROUBLED),
            )
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    order = (func.coalesce(debt.c.cents, 0).desc(), SellerProfile.handle)
    rows = session.execute(query.order_by(*order).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    found = [SellerRow(*row[:3], *(int(value) for value in row[3:])) for row in rows]
    return Page(found, number, PAGE_SIZE, total)


def profile(session: Session, seller_id: str) -> SellerProfile:
    """One seller.

    Raises:
        NotFoundError: no such seller.
    """
    found = session.get(SellerProfile, seller_id)
    if found is None:
        raise NotFoundError
    return found


def seller_view(session: Session, seller: SellerProfile, acts: list[DeskAct]) -> SellerView:
    """All that the desk shows of one seller's money."""
    mine = SellerHold.seller_id == seller.user_id
    return SellerView(
        seller=seller,
        email=session.get_one(User, seller.user_id).email,
        balance=seller_balance(session, seller.user_id),
        hold=session.scalar(select(SellerHold).where(mine, SellerHold.released_at.is_(None))),
        debts=list(
            session.scalars(
                select(TransferReversal)
                .options(joinedload(TransferReversal.line))
                .where(
                    TransferReversal.seller_id == seller.user_id,
                    TransferReversal.state == ReversalState.REFUSED,
                    _LEFT > 0,
                )
                .order_by(TransferReversal.created_at, TransferReversal.id)
            )
        ),
        write_offs=list(
            session.scalars(
                select(WriteOff)
                .where(WriteOff.seller_id == seller.user_id)
                .order_by(WriteOff.created_at.desc(), WriteOff.id)
            )
        ),
        held=list(
            session.scalars(
                select(OrderLine)
                .where(
                    OrderLine.seller_id == seller.user_id,
                    OrderLine.transfer_state == TransferState.HELD,
                )
                .order_by(OrderLine.hold_until.asc().nulls_last(), OrderLine.id)
                .limit(200)
            )
        ),
        payouts=list(
            session.scalars(
                select(SellerPayout)
                .where(SellerPayout.seller_id == seller.user_id)
                .order_by(SellerPayout.created_at.desc(), SellerPayout.id)
                .limit(20)
            )
        ),
        acts=acts,
    )
