"""Paying a seller's balance out to their bank: claimed as a row, called without a transaction,
recorded. The idempotency key is made from the row, so that no crash pays twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, NotFoundError
from marketplace.core.money import CURRENCY, Money
from marketplace.core.states import Ignore
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, Payout, TransfersStatus
from marketplace.orders.holds import open_hold
from marketplace.orders.transfer_models import PayoutStatus, SellerPayout
from marketplace.payouts.models import MIN_BY_HAND_CENTS, PayoutRequest, PayoutSettings
from marketplace.payouts.schedules import lock_settings
from marketplace.payouts.states import REQUEST_STATES, RequestAction, RequestState, Schedule
from marketplace.payouts.watching import note_payout
from marketplace.task_names import TaskName

log = logging.getLogger(__name__)

KEY_LIFETIME = timedelta(hours=20)
"""Stripe remembers an idempotency key for 24 hours at least; later it must be asked first."""
REFUSAL_PAUSE = timedelta(days=1)
LISTED = 100


@dataclass(frozen=True)
class _Claim:
    """What one attempt at a payout needs to know."""

    request_id: str
    seller_id: str
    account_id: str
    amount: Money
    ask_first: bool
    created_at: datetime


def ask_for_payout(
    session: Session, queue: TaskQueue, seller_id: str, cents: int, asked_by: str | None
) -> PayoutRequest:
    """Record that a seller is to be paid out; the provider is asked after the commit.

    Args:
        cents: what the provider says is available.
        asked_by: the seller; None when the threshold was reached.

    Raises:
        ConflictError: there is a reason against it, in words for the seller.
    """
    settings = lock_settings(session, seller_id)
    profile = session.get_one(SellerProfile, seller_id)
    reason = reason_against(session, profile, settings, cents)
    if reason is not None:
        raise ConflictError(reason, "no_payout_now")
    row = PayoutRequest(
        seller_id=seller_id,
        account_id=str(profile.stripe_account_id),
        cents=cents,
        currency=CURRENCY,
        state=RequestState.PENDING,
        asked_by=asked_by,
    )
    session.add(row)
    session.flush()
    enqueue(session, queue, TaskName.MAKE_PAYOUT, row.id)
    return row


def reason_against(
    session: Session, profile: SellerProfile, settings: PayoutSettings, cents: int
) -> str | None:
    """Why a seller cannot be paid out just now, for themselves; None when they can."""
    if profile.stripe_account_id is None or profile.transfers_status is not TransfersStatus.ACTIVE:
        return "Your account at Stripe cannot be paid out now. See Account for what is missing."
    if open_hold(session, profile.user_id) is not None:
        return "A person at Bracket is looking at your account. Payouts go on after that."
    if pending_request(session, profile.user_id) is not None:
        return "A payout is being made already. Wait until it is on its way."
    if has_failed(session, profile.user_id, settings):
        return (
            "Your bank returned the last payout. Correct your bank details at Stripe, then say so "
            "on this page."
        )
    if cents < MIN_BY_HAND_CENTS:
        return f"Payouts start at {Money(MIN_BY_HAND_CENTS)}."
    return None


def pending_request(session: Session, seller_id: str) -> PayoutRequest | None:
    """The payout that is being asked for now."""
    return session.scalar(
        select(PayoutRequest).where(
            PayoutRequest.seller_id == seller_id, PayoutRequest.state == RequestState.PENDING
        )
    )


def has_failed(session: Session, seller_id: str, settings: PayoutSettings) -> bool:
    """True when the newest payout came back and the seller has not said that it is mended."""
    newest = session.scalar(
        select(SellerPayout)
        .where(SellerPayout.seller_id == seller_id)
        .order_by(SellerPayout.created_at.desc(), SellerPayout.id.desc())
        .limit(1)
    )
    if newest is None or newest.status != PayoutStatus.FAILED:
        return False
    failed_at = newest.changed_at or newest.created_at
    return settings.resumed_at is None or settings.resumed_at < failed_at


def consider_payout(services: Services, seller_id: str) -> PayoutRequest | None:
    """Ask for a payout where the seller's balance has reached their threshold.

    Raises:
        NotFoundError: no such seller.
        PaymentError, PaymentUnavailableError: the balance could not be read.
    """
    with unit_of_work(services.database) as session:
        profile = session.get(SellerProfile, seller_id)
        if profile is None:
            raise NotFoundError
        settings = lock_settings(session, seller_id)
        settings.considered_at = now()
        account_id = profile.stripe_account_id
        if account_id is None or not _wants_one(session, profile, settings):
            return None
    # The balance decides, not our books: the seller may have been paid out elsewhere.
    available = services.payments.account_balance(account_id).available
    with unit_of_work(services.database) as session:
        profile = session.get_one(SellerProfile, seller_id)
        settings = lock_settings(session, seller_id)
        if available < settings.threshold_cents or not _wants_one(session, profile, settings):
            return None
        return ask_for_payout(session, services.queue, seller_id, available, None)


def _wants_one(session: Session, profile: SellerProfile, settings: PayoutSettings) -> bool:
    if settings.schedule is not Schedule.THRESHOLD:
        return False
    if reason_against(session, profile, settings, settings.threshold_cents) is not None:
        return False
    refused = session.scalar(
        select(PayoutRequest.id).where(
            PayoutRequest.seller_id == profile.user_id,
            PayoutRequest.state == RequestState.REFUSED,
            PayoutRequest.finished_at > now() - REFUSAL_PAUSE,
        )
    )
    return refused is None


def make_payout(services: Services, request_id: str) -> RequestState:
    """Pay out what was asked for, unless that is done already.

    Raises:
        NotFoundError: no such request.
        PaymentUnavailableError: no answer; the request stays pending and is tried again.
    """
    with unit_of_work(services.database) as session:
        claim = _claim(session, request_id)
        if claim is None:
            return session.get_one(PayoutRequest, request_id).state
    try:
        made = _find_or_create(services, claim)
    except PaymentError as error:
        with unit_of_work(services.database) as session:
            return _refuse(session, request_id, error.code)
    with unit_of_work(services.database) as session:
        return _accept(session, claim, made)


def _claim(session: Session, request_id: str) -> _Claim | None:
    row = _lock(session, request_id)
    if row.state is not RequestState.PENDING:
        return None
    tried_before, row.tried_at = row.tried_at, now()
    return _Claim(
        request_id=row.id,
        seller_id=row.seller_id,
        account_id=row.account_id,
        amount=Money(row.cents, row.currency),
        ask_first=tried_before is not None and now() - row.created_at > KEY_LIFETIME,
        created_at=row.created_at,
    )


def _find_or_create(services: Services, claim: _Claim) -> Payout:
    if claim.ask_first:
        made = _already_made(services, claim)
        if made is not None:
            return made
    return services.payments.create_payout(
        claim.account_id, claim.amount, f"payout-{claim.request_id}"
    )


def _already_made(services: Services, claim: _Claim) -> Payout | None:
    """A payout that an earlier try made although we never heard: one that no other row has."""
    since = claim.created_at - timedelta(minutes=5)  # the provider's clock may differ from ours
    candidates = [
        one
        for one in services.payments.list_payouts(claim.account_id, LISTED)
        if one.amount == claim.amount and not one.automatic and one.created >= since
    ]
    with unit_of_work(services.database) as session:
        taken = set(
            session.scalars(
                select(PayoutRequest.payout_id).where(
                    PayoutRequest.payout_id.in_([one.payout_id for one in candidates])
                )
            )
        )
    return next((one for one in reversed(candidates) if one.payout_id not in taken), None)


def _refuse(session: Session, request_id: str, code: str) -> RequestState:
    row = _lock(session, request_id)
    if isinstance(REQUEST_STATES.next(row.state, RequestAction.REFUSE), Ignore):
        return row.state
    row.state, row.refused_code = RequestState.REFUSED, code[:80]
    row.finished_at = now()
    log.warning("payout request %s is refused: %s", row.id, code)
    return row.state


def _accept(session: Session, claim: _Claim, made: Payout) -> RequestState:
    row = _lock(session, claim.request_id)
    if not isinstance(REQUEST_STATES.next(row.state, RequestAction.ACCEPT), Ignore):
        row.payout_id, row.refused_code = made.payout_id, None
        row.state, row.finished_at = RequestState.DONE, now()
        note_payout(session, claim.seller_id, claim.account_id, made)
    return row.state


def _lock(session: Session, request_id: str) -> PayoutRequest:
    row = session.get(
        PayoutRequest, request_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if row is None:
        raise NotFoundError
    return row
