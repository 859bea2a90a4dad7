"""Keeping a seller's share back for a while, always with the reason and, where known, the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.orders.history import change_transfer
from marketplace.orders.locks import lock_line
from marketplace.orders.models import OrderLine
from marketplace.orders.states import TransferAction, TransferState
from marketplace.orders.transfer_models import SellerHold
from marketplace.settings import Settings
from marketplace.task_names import TaskName

MAX_NOTE = 500


class HoldCode(StrEnum):
    """Our own reasons; a hold may also carry the provider's code of a refusal."""

    RESERVE = "reserve"
    BY_HAND = "by_hand"
    SELLER_HOLD = "seller_hold"
    NO_ACCOUNT = "no_connected_account"
    DIFFERS = "existing_transfer_differs"


OURS = frozenset({HoldCode.RESERVE, HoldCode.BY_HAND, HoldCode.SELLER_HOLD, HoldCode.DIFFERS})
"""Holds that an account's becoming active does not end."""
TIMED = frozenset({HoldCode.RESERVE, HoldCode.BY_HAND, HoldCode.SELLER_HOLD})

_WORDS = {
    HoldCode.RESERVE: "Your first sales are kept back for a few days, in case of refunds.",
    HoldCode.BY_HAND: "A person at Bracket is looking at this sale.",
    HoldCode.SELLER_HOLD: "A person at Bracket is looking at your account.",
    HoldCode.NO_ACCOUNT: "You have not set up payments yet.",
    HoldCode.DIFFERS: "This transfer needs checking by a person; nothing is lost.",
    "insufficient_capabilities_for_transfer": "Your account at Stripe cannot receive money now. "
    "It may need something from you.",
    "account_invalid": "Your account at Stripe is not connected to Bracket any more.",
    "account_closed": "Your account at Stripe is closed.",
}


def hold_words(code: str | None) -> str:
    """Why a share is held, for its seller."""
    return _WORDS.get(code or "", "Stripe did not accept the transfer; it will be tried again.")


def open_hold(session: Session, seller_id: str) -> SellerHold | None:
    """The hold on everything a seller is owed, if there is one now."""
    return session.scalar(
        select(SellerHold).where(
            SellerHold.seller_id == seller_id, SellerHold.released_at.is_(None)
        )
    )


def hold_if_needed(session: Session, settings: Settings, line: OrderLine) -> bool:
    """Hold a share that has just become due where a person or the reserve wants it."""
    if hold_by_person(session, line):
        return True
    if not settings.seller_reserve_days or not _young(session, settings, line.seller_id):
        return False
    until = (line.order.paid_at or now()) + timedelta(days=settings.seller_reserve_days)
    _hold(session, line, HoldCode.RESERVE, until, None, None)
    return True


def hold_by_person(session: Session, line: OrderLine) -> bool:
    """Hold a pending share where everything of its seller's is held."""
    hold = open_hold(session, line.seller_id)
    if hold is None:
        return False
    _hold(session, line, HoldCode.SELLER_HOLD, hold.until, hold.reason, hold.placed_by)
    return True


def clear(line: OrderLine) -> None:
    """Forget a hold that is over."""
    line.held_code = line.hold_until = line.held_note = line.held_by = None


def hold_line(
    session: Session, line_id: str, actor_id: str, note: str, until: datetime | None = None
) -> OrderLine:
    """Keep one share back until somebody releases it, or until a moment.

    Raises:
        NotFoundError: no such line.
        InvalidError: no reason was given.
        ConflictError: nothing of it is on its way to the seller.
    """
    note = _reason(note)
    line = lock_line(session, line_id)
    if line.transfer_state not in {TransferState.PENDING, TransferState.HELD}:
        raise ConflictError(
            "Nothing of this sale is waiting to be transferred, so it cannot be held.",
            "nothing_to_hold",
        )
    _hold(session, line, HoldCode.BY_HAND, until, note, actor_id)
    return line


def release_line(
    session: Session, queue: TaskQueue, line_id: str, actor_id: str | None, note: str
) -> OrderLine:
    """Set a held share going, whatever held it.

    Raises:
        NotFoundError: no such line.
        ConflictError: it is not held.
    """
    line = lock_line(session, line_id)
    if line.transfer_state is not TransferState.HELD:
        raise ConflictError("This share is not held.", "not_held")
    release(session, queue, line, note, actor_id)
    return line


def hold_seller(
    session: Session, seller_id: str, actor_id: str, reason: str, until: datetime | None = None
) -> SellerHold:
    """Keep back everything a seller is owed now and will be, with a reason.

    Raises:
        NotFoundError: no such seller.
        InvalidError: no reason was given.
        ConflictError: their money is held already.
    """
    reason = _reason(reason)
    # The row's lock makes two moderators at once come one after the other.
    if session.get(SellerProfile, seller_id, with_for_update={"key_share": True}) is None:
        raise NotFoundError
    if open_hold(session, seller_id) is not None:
        raise ConflictError("This seller's money is held already.", "held_already")
    hold = SellerHold(seller_id=seller_id, reason=reason, placed_by=actor_id, until=until)
    session.add(hold)
    session.flush()
    for line_id in _lines(session, seller_id, TransferState.PENDING):
        line = lock_line(session, line_id)
        if line.transfer_state is TransferState.PENDING:
            _hold(session, line, HoldCode.SELLER_HOLD, until, reason, actor_id)
    return hold


def release_seller(
    session: Session, queue: TaskQueue, seller_id: str, actor_id: str | None, reason: str
) -> SellerHold:
    """End the hold on a seller's money and set their shares going; other holds stay.

    Raises:
        InvalidError: no reason was given.
        ConflictError: nothing is held.
    """
    reason = _reason(reason)
    session.get(SellerProfile, seller_id, with_for_update={"key_share": True})
    hold = open_hold(session, seller_id)
    if hold is None:
        raise ConflictError("This seller's money is not held.", "not_held")
    hold.released_at, hold.released_by, hold.release_reason = now(), actor_id, reason
    session.flush()
    for line_id in _lines(session, seller_id, TransferState.HELD):
        line = lock_line(session, line_id)
        if line.held_code == HoldCode.SELLER_HOLD:
            release(session, queue, line, reason, actor_id)
    return hold


def release(
    session: Session,
    queue: TaskQueue,
    line: OrderLine,
    reason: str | None,
    actor_id: str | None = None,
) -> None:
    """Set a held and locked share going."""
    change_transfer(session, line, TransferAction.RELEASE, reason, actor_id)
    clear(line)
    if actor_id is None and hold_by_person(session, line):
        return  # one reason is gone, but a person keeps everything of this seller's back
    enqueue(session, queue, TaskName.TRANSFER_LINE, line.id)


def _hold(
    session: Session,
    line: OrderLine,
    code: HoldCode,
    until: datetime | None,
    note: str | None,
    actor_id: str | None,
) -> None:
    if line.transfer_state is TransferState.PENDING:
        line.held_code = code.value  # the row may not be held without saying why
        change_transfer(session, line, TransferAction.HOLD, note or code.value, actor_id)
    line.held_code, line.hold_until = code.value, until
    line.held_note, line.held_by = note, actor_id


def _young(session: Session, settings: Settings, seller_id: str) -> bool:
    sales = session.scalar(
        select(func.count())
        .select_from(OrderLine)
        .where(OrderLine.seller_id == seller_id, OrderLine.transferred_cents > 0)
    )
    return int(sales or 0) < settings.seller_young_sales


def _lines(session: Session, seller_id: str, state: TransferState) -> list[str]:
    found = select(OrderLine.id).where(
        OrderLine.seller_id == seller_id, OrderLine.transfer_state == state
    )
    return list(session.scalars(found.order_by(OrderLine.id)))


def _reason(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidError("Say why, in a few words.", "no_reason", field="reason")
    if len(text) > MAX_NOTE:
        raise InvalidError(
            f"Say why in at most {MAX_NOTE} characters; you used {len(text)}.",
            "reason_too_long",
            field="reason",
        )
    return text
