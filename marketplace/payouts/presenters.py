"""What a seller sees of a sale and a payout: words, signs and sums, and nothing of the buyer's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.core.money import Money
from marketplace.orders.balances import SaleLine
from marketplace.orders.dispute_models import DisputeLine
from marketplace.orders.holds import hold_words
from marketplace.orders.models import OrderLine
from marketplace.orders.states import RefundState, ReversalState, TransferState
from marketplace.orders.transfer_models import PayoutStatus, SellerPayout, TransferKind
from marketplace.payouts.money_words import (
    dispute_reason,
    payout_failure,
    payout_state,
    refund_reason,
)
from marketplace.payouts.queries import LineStory

UNKNOWN_COUNTRY = "not known"
GONE = frozenset({PayoutStatus.FAILED.value, PayoutStatus.CANCELED.value})


@dataclass(frozen=True)
class Note:
    """A few words with a sign: what became of something."""

    kind: str
    """success, info, warning, error, or empty: a badge's."""
    words: str


@dataclass(frozen=True)
class SaleRow:
    """One sale in the list; everything in cents."""

    line_id: str
    title: str
    at: datetime | None
    country: str
    """Two letters, as banks write it."""
    price_cents: int
    commission_cents: int
    seller_cents: int
    left_cents: int
    """What of the share is the seller's after refunds and lost disputes."""
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Moment:
    """Something that happened to a sale."""

    at: datetime | None
    words: str
    detail: str
    cents: int | None
    """What it gave (+) or took from (-) the seller's account at the provider; None for neither."""


@dataclass(frozen=True)
class PayoutRow:
    """One payout in the list."""

    at: datetime
    cents: int
    note: Note
    detail: str
    arrival: datetime | None
    """When it is there, or should be; None for one that never will."""
    by_schedule: bool


def sale_row(sale: SaleLine, disputes: Sequence[DisputeLine]) -> SaleRow:
    """A sale with what became of it."""
    lost = sum(part.seller_cents for part in disputes if part.lost)
    return SaleRow(
        line_id=sale.line.id,
        title=sale.line.title,
        at=sale.order.paid_at,
        country=sale.country or UNKNOWN_COUNTRY,
        price_cents=sale.price_cents,
        commission_cents=sale.commission_cents,
        seller_cents=sale.seller_cents,
        left_cents=sale.seller_cents - sale.refunded_from_seller_cents - lost,
        notes=tuple(outcome(sale.line, disputes)),
    )


def outcome(line: OrderLine, disputes: Sequence[DisputeLine]) -> list[Note]:
    """What became of a sale, the news that costs money first."""
    notes = [note for note in map(_dispute_note, disputes) if note is not None]
    if line.refunded_cents == line.price_cents:
        notes.append(Note("warning", "Refunded"))
    elif line.refunded_cents:
        notes.append(Note("warning", f"{_money(line.refunded_cents)} of it refunded"))
    if line.referred:
        notes.append(Note("info", "Through your link"))
    if line.discount_words:
        notes.append(Note("", line.discount_words))
    transfer = _transfer_note(line)
    return [*notes, transfer] if transfer is not None else notes


def _dispute_note(part: DisputeLine) -> Note | None:
    if part.lost:
        return Note("error", "Lost to a dispute")
    if part.returned:
        return Note("success", "Dispute won")
    return Note("warning", "Disputed: the bank decides")


def _transfer_note(line: OrderLine) -> Note | None:
    state = line.transfer_state
    if state is TransferState.HELD:
        until = f" until {_day(line.hold_until)}" if line.hold_until else ""
        return Note("warning", f"On hold{until}")
    if state is TransferState.REVERSAL_FAILED:
        return Note("error", "Owed back by you")
    if state is TransferState.REVERSED:
        return Note("", "Your share was called back")
    if line.paid_to_seller_cents > 0:
        words = "Transferred" if not line.netted_cents else "Set off against what you owed"
        return Note("success", words)
    if state in {TransferState.PENDING, TransferState.NOT_DUE}:
        return Note("info", "On its way to you")
    return None


def hold_reason(line: OrderLine) -> str:
    """Why a line's share is kept back, with a person's own words where a person did it."""
    return hold_words(line.held_code)


def moments(story: LineStory) -> list[Moment]:
    """A sale's history, oldest first."""
    line = story.line
    found = [Moment(line.order.paid_at, "Sold", f"for {_money(line.price_cents)}", None)]
    for transfer in story.transfers:
        if transfer.kind is TransferKind.NETTING:
            detail = "It paid what you owed from an older sale."
            found.append(Moment(transfer.done_at, "Share set off", detail, None))
        else:
            detail = transfer.transfer_id or ""
            found.append(Moment(transfer.done_at, "Share transferred", detail, transfer.cents))
    found += _refund_moments(story)
    found += _dispute_moments(story)
    found += _reversal_moments(story)
    return sorted(found, key=lambda one: (one.at is None, one.at.timestamp() if one.at else 0.0))


def _refund_moments(story: LineStory) -> list[Moment]:
    found = []
    for refund in story.refunds:
        sums = f"{_money(refund.cents)} to the buyer: {refund_reason(refund.reason)}."
        if refund.seller_cents is not None:
            sums += f" Your part of it is {_money(refund.seller_cents)}."
        if refund.booked_at is not None:
            found.append(Moment(refund.booked_at, "Refunded", sums, None))
        elif refund.state in {RefundState.REQUESTED, RefundState.SUBMITTED}:
            found.append(Moment(refund.created_at, "Refund decided", sums, None))
        if refund.undone_at is not None:
            detail = "The buyer's bank returned it; your part is yours again."
            found.append(Moment(refund.undone_at, "Refund failed", detail, None))
    return found


def _dispute_moments(story: LineStory) -> list[Moment]:
    found = []
    for part in story.disputes:
        dispute = part.dispute
        detail = f"{dispute_reason(dispute.reason).capitalize()}."
        if part.seller_cents:
            detail += f" Your share of {_money(part.seller_cents)} is kept back until it decides."
        found.append(Moment(dispute.opened_at, "The buyer's bank took the payment", detail, None))
        if part.lost:
            detail = f"Your share of {_money(part.seller_cents)} is lost with it."
            found.append(Moment(dispute.closed_at, "Decided for the buyer", detail, None))
        elif part.returned:
            detail = "Your share is yours again."
            found.append(Moment(dispute.closed_at, "Decided for you", detail, None))
    return found


def _reversal_moments(story: LineStory) -> list[Moment]:
    found = []
    for row in story.reversals:
        if row.state is ReversalState.DONE:
            why = "for the dispute" if row.dispute_id else "for the refund"
            moment = Moment(row.done_at, "Called back from your account", why, -row.cents)
        elif row.state is ReversalState.REFUSED:
            left = row.cents - row.recovered_cents
            detail = f"{_money(row.cents)} could not be called back. "
            detail += (
                f"{_money(left)} of it is kept from your next sales."
                if left
                else "It has been settled since."
            )
            moment = Moment(row.done_at or row.created_at, "You owe it", detail, None)
        else:
            detail = f"{_money(row.cents)} of your share is being called back."
            moment = Moment(row.created_at, "Call-back under way", detail, None)
        found.append(moment)
    return found


def payout_row(payout: SellerPayout) -> PayoutRow:
    """A payout in words; ``paid`` is not final, and neither is what we say then."""
    kind, words = payout_state(payout.status)
    detail = ""
    if payout.status == PayoutStatus.FAILED:
        detail = f"{payout_failure(payout.failure_code)} The money is in your balance again."
    elif payout.status == PayoutStatus.PAID:
        detail = "Banks may still return it within five working days."
    return PayoutRow(
        at=payout.created_at,
        cents=payout.cents,
        note=Note(kind, words),
        detail=detail,
        arrival=None if payout.status in GONE else payout.arrival_at,
        by_schedule=payout.automatic,
    )


def _money(cents: int) -> str:
    return str(Money(cents))


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"
