"""Stripe's own lines of our balance, copied and, where nobody else books them, booked.

Charges, refunds, transfers, reversals and disputes are booked when they happen. Fees that belong
to no charge, and payouts to the house's bank, are only known from here.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.money import CURRENCY
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import BalanceLine
from marketplace.orders import ledger
from marketplace.orders.books_models import BalanceTransaction
from marketplace.orders.ledger import EntryKind

OVERLAP = timedelta(days=2)
"""Asked for again each time: lines may appear after newer ones."""

CHARGES = frozenset({"charge", "payment"})
REFUNDS = frozenset({"refund", "payment_refund"})
REFUND_FAILURES = frozenset({"refund_failure", "payment_failure_refund"})
REVERSALS = frozenset({"transfer_refund"})
DISPUTES = frozenset({"dispute", "dispute_reversal"})
FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost"})
PAYOUTS = frozenset({"payout"})
PAYOUTS_BACK = frozenset({"payout_failure", "payout_cancel"})


def copy_lines(services: Services) -> int:
    """Fetch what is new in the platform's balance, and book what only shows there.

    Returns how many lines were new.

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say all; the next call goes on.
    """
    with unit_of_work(services.database) as session:
        newest = session.scalar(select(func.max(BalanceTransaction.created)))
    since = None if newest is None else newest - OVERLAP
    lines = list(services.payments.balance_lines(since))
    with unit_of_work(services.database) as session:
        return sum(_keep(session, line) for line in lines if line.amount.currency == CURRENCY)


def booked_as(line: BalanceTransaction) -> dict[str, int] | None:
    """Which entries should stand for a line, with what each moves in our balance, in cents.

    None for a type that we do not know.
    """
    source, gross, fee = line.source_id or "", line.cents, line.fee_cents
    if line.type in CHARGES:
        return _named(EntryKind.CHARGE, source, gross) | _named(EntryKind.FEE, line.id, -fee)
    one = _single_kind(line)
    if one is None:
        return None
    kind, by_line = one
    return _named(kind, line.id if by_line else source, line.net_cents)


def _single_kind(line: BalanceTransaction) -> tuple[EntryKind, bool] | None:
    """An entry's kind, and whether it is named after the line instead of its source."""
    if line.type in REFUNDS:
        return EntryKind.REFUND, False
    if line.type in REFUND_FAILURES:
        return EntryKind.REFUND_FAILED, False
    if line.type == "transfer":
        return EntryKind.TRANSFER, False
    if line.type in REVERSALS:
        return EntryKind.REVERSAL, False
    if line.type == "adjustment" and line.reporting_category in DISPUTES:
        return EntryKind.DISPUTE_BT, True
    if line.type in FEES:
        return EntryKind.STRIPE_FEE, True
    if line.type in PAYOUTS:
        return EntryKind.PAYOUT, False
    if line.type in PAYOUTS_BACK:
        return EntryKind.PAYOUT_FAILED, False
    return None


def _named(kind: EntryKind, outside_id: str, cents: int) -> dict[str, int]:
    return {ledger.external_id(kind, outside_id): cents} if cents else {}


def _keep(session: Session, line: BalanceLine) -> bool:
    """Copy a line once; a line never changes at Stripe."""
    made = session.scalar(
        insert(BalanceTransaction)
        .values(
            id=line.transaction_id,
            type=line.type[:60],
            reporting_category=line.reporting_category[:60],
            source_id=line.source_id,
            cents=line.amount.cents,
            fee_cents=line.fee.cents,
            net_cents=line.net.cents,
            currency=line.amount.currency,
            created=line.created,
        )
        .on_conflict_do_nothing(index_elements=[BalanceTransaction.id])
        .returning(BalanceTransaction.id)
    )
    if made is None:
        return False
    _book(session, session.get_one(BalanceTransaction, made))
    return True


def _book(session: Session, line: BalanceTransaction) -> None:
    """Book fees and payouts; everything else is booked where it happens."""
    if not line.net_cents:
        return
    if line.type in FEES:
        other, kind, name = ledger.CONNECT_FEES, EntryKind.STRIPE_FEE, line.id
    elif line.type in PAYOUTS:
        other, kind, name = ledger.BANK, EntryKind.PAYOUT, line.source_id or line.id
    elif line.type in PAYOUTS_BACK:
        other, kind, name = ledger.BANK, EntryKind.PAYOUT_FAILED, line.source_id or line.id
    else:
        return
    legs = {other: -line.net_cents, ledger.STRIPE_BALANCE: line.net_cents}
    ledger.post(session, kind, name, legs)
