"""Every day our books are held against Stripe's, and each cent between them is given a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.core.unit_of_work import unit_of_work
from marketplace.orders import ledger
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.books import booked_as, copy_lines
from marketplace.orders.books_models import (
    BalanceTransaction,
    Reconciliation,
    ReconciliationDifference,
)
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.models import LedgerEntry, LedgerPosting, Order, OrderLine
from marketplace.orders.states import DISPUTE_OVER, SOLD

TRIES = 3
"""Money that moves while we ask makes two answers differ: then both are asked again."""
PAGE = 1000


class DifferenceKind(StrEnum):
    """What can be found."""

    MISSING_BOOKING = "missing_booking"
    """Stripe moved money that our books do not know of (yet)."""
    AMOUNT_DIFFERS = "amount_differs"
    UNKNOWN_TYPE = "unknown_type"
    """A line of a type that nobody taught us to book."""
    NOT_AT_STRIPE = "not_at_stripe"
    """Our books say that money moved, and Stripe has no such line."""
    BALANCE_API = "balance_api"
    """The sum of Stripe's lines is not what its balance says."""
    SUSPENSE_LEFT = "suspense_left"
    """A dispute is over, and its suspense account is not empty."""
    ORDER_SUMS = "order_sums"
    """What an order brought is not what was booked for it."""
    TRIAL_BALANCE = "trial_balance"


@dataclass(frozen=True)
class _Found:
    kind: DifferenceKind
    subject: str
    message: str
    stripe_cents: int | None = None
    ledger_cents: int | None = None
    order_id: str | None = None
    explains: bool = False
    """Whether it accounts for a part of the difference between ledger and transactions."""


def reconcile(services: Services, day: date) -> Reconciliation:
    """Compare everything up to now; sums of orders only of those paid on ``day`` (UTC) or touched.

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say; nothing is stored.
    """
    for attempt in range(TRIES):
        copy_lines(services)
        balance = services.payments.balance().total
        with unit_of_work(services.database) as session:
            copied = _sum(session, BalanceTransaction.net_cents)
        if copied == balance or attempt == TRIES - 1:
            break
    with unit_of_work(services.database) as session:
        found = list(_differences(session, day))
        if copied != balance:
            text = f"Stripe's balance is {Money(balance)}, its lines add up to {Money(copied)}"
            kind = DifferenceKind.BALANCE_API
            found.append(_Found(kind, "balance", text, balance, copied))
        return _store(session, day, balance, found)


def reconciliations(session: Session, limit: int = 60) -> list[Reconciliation]:
    """What was found lately, newest first."""
    newest = select(Reconciliation).order_by(Reconciliation.created_at.desc()).limit(limit)
    return list(session.scalars(newest))


def _differences(session: Session, day: date) -> Iterator[_Found]:
    yield from _unbooked(session)
    yield from _not_at_stripe(session)
    yield from _suspense(session)
    yield from _order_sums(session, day)
    trial = ledger.trial_balance(session)
    if trial:
        text = f"all postings add up to {Money(trial)} instead of nothing"
        yield _Found(DifferenceKind.TRIAL_BALANCE, "ledger", text, None, trial)


def _unbooked(session: Session) -> Iterator[_Found]:
    """Each of Stripe's lines against the entries that should stand for it."""
    booked = _moved_by_entry(session)
    lines = session.scalars(
        select(BalanceTransaction)
        .order_by(BalanceTransaction.created, BalanceTransaction.id)
        .execution_options(yield_per=PAGE)
    )
    for line in lines:
        wanted = booked_as(line)
        if wanted is None:
            text = f"a line of type {line.type} moved {Money(line.net_cents)}"
            kind = DifferenceKind.UNKNOWN_TYPE
            yield _Found(kind, line.id, text, line.net_cents, 0, explains=True)
            continue
        for name, cents in wanted.items():
            have = booked.get(name)
            if have is None:
                text = f"{name} moved {Money(cents)} at Stripe and is not in our books"
                kind = DifferenceKind.MISSING_BOOKING
                yield _Found(kind, line.id, text, cents, 0, explains=True)
            elif have[0] != cents:
                text = f"{name} moved {Money(cents)} at Stripe, {Money(have[0])} in our books"
                kind = DifferenceKind.AMOUNT_DIFFERS
                yield _Found(kind, name, text, cents, have[0], have[1], explains=True)


def _moved_by_entry(session: Session) -> dict[str, tuple[int, str | None]]:
    """What each entry moves in our balance at Stripe, with its order, by external id."""
    rows = session.execute(
        select(LedgerEntry.external_id, func.sum(LedgerPosting.amount_cents), LedgerEntry.order_id)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .where(LedgerPosting.account == ledger.STRIPE_BALANCE)
        .group_by(LedgerEntry.external_id, LedgerEntry.order_id)
    )
    return {name: (int(cents), order_id) for name, cents, order_id in rows}


def _not_at_stripe(session: Session) -> Iterator[_Found]:
    lines = session.scalars(select(BalanceTransaction).execution_options(yield_per=PAGE))
    known = {name for line in lines for name in booked_as(line) or {}}
    for name, (cents, order_id) in sorted(_moved_by_entry(session).items()):
        if name not in known and cents:
            text = f"{name} moved {Money(cents)} in our books, and Stripe has no such line"
            kind = DifferenceKind.NOT_AT_STRIPE
            yield _Found(kind, name, text, 0, cents, order_id, explains=True)


def _suspense(session: Session) -> Iterator[_Found]:
    rows = session.execute(
        select(LedgerPosting.account, func.sum(LedgerPosting.amount_cents))
        .where(
            or_(
                LedgerPosting.account.startswith(ledger.SUSPENSE_PREFIX, autoescape=True),
                LedgerPosting.account.startswith(ledger.HELD_PREFIX, autoescape=True),
            )
        )
        .group_by(LedgerPosting.account)
        .having(func.sum(LedgerPosting.amount_cents) != 0)
        .order_by(LedgerPosting.account)
    ).all()
    for account, cents in rows:
        stripe_id = account.partition(":")[2]
        dispute = session.scalar(select(Dispute).where(Dispute.dispute_id == stripe_id))
        if dispute is not None and dispute.status not in DISPUTE_OVER:
            continue
        text = f"{account} holds {Money(int(cents))} though the dispute is over"
        order_id = dispute.order_id if dispute else None
        kind = DifferenceKind.SUSPENSE_LEFT
        yield _Found(kind, stripe_id, text, None, int(cents), order_id)


def _order_sums(session: Session, day: date) -> Iterator[_Found]:
    """Shares and commissions of each paid order are its amount; and so is what was booked."""
    rows = session.execute(
        select(
            Order.id,
            Order.total_cents,
            func.sum(OrderLine.seller_cents + OrderLine.commission_cents),
        )
        .join(Order.lines)
        .where(*_of_day(day))
        .group_by(Order.id, Order.total_cents)
        .having(func.sum(OrderLine.seller_cents + OrderLine.commission_cents) != Order.total_cents)
    )
    for order_id, total, lines in rows.all():
        text = f"the order is {Money(total)}, its lines add up to {Money(int(lines))}"
        yield _Found(DifferenceKind.ORDER_SUMS, order_id, text, total, int(lines), order_id)
    moved = (
        select(func.coalesce(func.sum(LedgerPosting.amount_cents), 0))
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerEntry.order_id == Order.id,
            LedgerEntry.kind == ledger.EntryKind.CHARGE,
            LedgerPosting.account == ledger.STRIPE_BALANCE,
        )
        .scalar_subquery()
    )
    booked = select(Order.id, Order.total_cents + Order.tax_cents, moved).where(
        *_of_day(day), moved != Order.total_cents + Order.tax_cents
    )
    for order_id, paid, cents in session.execute(booked).all():
        text = f"the buyer paid {Money(paid)}, our books say {Money(int(cents))}"
        yield _Found(DifferenceKind.ORDER_SUMS, order_id, text, paid, int(cents), order_id)


def _of_day(day: date) -> tuple[ColumnElement[bool], ...]:
    begin = datetime.combine(day, time(), UTC)
    return (
        Order.state.in_(SOLD),
        Order.paid_at >= begin,
        Order.paid_at < begin + timedelta(days=1),
    )


def _store(session: Session, day: date, balance: int, found: list[_Found]) -> Reconciliation:
    row = Reconciliation(
        day=day,
        ledger_cents=ledger.balance(session, ledger.STRIPE_BALANCE),
        transactions_cents=_sum(session, BalanceTransaction.net_cents),
        balance_cents=balance,
        trial_cents=ledger.trial_balance(session),
        transactions=_count(session, BalanceTransaction),
        orders=int(
            session.scalar(select(func.count()).select_from(Order).where(*_of_day(day))) or 0
        ),
        explained_cents=sum(
            (one.stripe_cents or 0) - (one.ledger_cents or 0) for one in found if one.explains
        ),
        differences=[
            ReconciliationDifference(
                position=position,
                kind=one.kind.value,
                subject=one.subject[:120],
                order_id=one.order_id,
                stripe_cents=one.stripe_cents,
                ledger_cents=one.ledger_cents,
                message=one.message[:300],
            )
            for position, one in enumerate(found)
        ],
    )
    session.add(row)
    session.flush()
    if found or row.unexplained_cents:
        text = f"{len(found)} differences, {Money(row.unexplained_cents)} without a name"
        raise_alert(session, AlertKind.RECONCILIATION, day.isoformat(), text)
    session.refresh(row, ["differences", "created_at"])
    return row


def _sum(session: Session, column: InstrumentedAttribute[int]) -> int:
    return int(session.scalar(select(func.coalesce(func.sum(column), 0))) or 0)


def _count(session: Session, model: type[BalanceTransaction]) -> int:
    return int(session.scalar(select(func.count()).select_from(model)) or 0)
