"""What events about accounts lead to: a seller's readiness, their payouts, both balances."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.ids import new_id
from marketplace.gateways.payments import PaymentError, Payout, TransfersStatus
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.books import copy_lines
from marketplace.orders.debts import retry_refused
from marketplace.orders.transfer_models import PayoutStatus, SellerPayout
from marketplace.orders.transfers import release_held
from marketplace.stripe_events.handlers import Effect
from marketplace.stripe_events.models import StripeEvent

GONE = frozenset(
    {"account_invalid", "resource_missing", "account_closed", "platform_account_required"}
)
"""The account is not ours to reach any more."""
NEWS_KEPT = frozenset(status.value for status in PayoutStatus)


def account_changed(services: Services, event: StripeEvent) -> Effect | None:
    """A seller's account became able, or unable, to receive transfers."""
    account_id = event.account or event.object_id
    if account_id is None:
        return None
    return lambda session: refresh_account(session, services, account_id)


def refresh_account(session: Session, services: Services, account_id: str) -> None:
    """Ask whether an account can be paid; what was held for it goes on once it can."""
    seller = session.scalar(
        select(SellerProfile)
        .where(SellerProfile.stripe_account_id == account_id)
        .with_for_update(key_share=True, of=SellerProfile)
    )
    if seller is None:
        return  # opened a moment ago: the seller's return from onboarding asks as well
    # Asked under the lock, unlike everywhere else: a status changes back and forth, and an
    # old answer must not be written over a newer one.
    try:
        seller.transfers_status = services.payments.transfers_status(account_id)
    except PaymentError as error:
        if error.code not in GONE:
            raise
        seller.transfers_status = TransfersStatus.REJECTED
    if seller.transfers_status is TransfersStatus.ACTIVE:
        release_held(session, services.queue, seller.user_id)


def payout_changed(services: Services, event: StripeEvent) -> Effect | None:
    """A payout to a bank has news: a seller's is shown to them, the house's is booked."""
    if event.account is None:
        copy_lines(services)
        return lambda session: None
    account_id = event.account
    try:
        payout = services.payments.retrieve_payout(account_id, str(event.object_id))
    except PaymentError as error:
        if error.code not in GONE:
            raise
        return None  # closed since: nobody can be shown what became of it

    def effect(session: Session) -> None:
        seller_id = session.scalar(
            select(SellerProfile.user_id).where(SellerProfile.stripe_account_id == account_id)
        )
        if seller_id is not None:
            record_payout(session, seller_id, account_id, payout)

    return effect


def record_payout(session: Session, seller_id: str, account_id: str, payout: Payout) -> None:
    """Keep a seller's payout as it stands now; "paid" may still turn into "failed"."""
    facts = {
        "status": payout.status[:40],
        "arrival_at": payout.arrival,
        "failure_code": None if payout.failure_code is None else payout.failure_code[:80],
        "changed_at": now(),
    }
    session.execute(
        insert(SellerPayout)
        .values(
            id=new_id(),
            seller_id=seller_id,
            account_id=account_id,
            payout_id=payout.payout_id,
            cents=payout.amount.cents,
            currency=payout.amount.currency,
            automatic=payout.automatic,
            created_at=payout.created,
            **facts,
        )
        .on_conflict_do_update(index_elements=[SellerPayout.payout_id], set_=facts)
    )
    if payout.status == PayoutStatus.FAILED:
        text = f"a payout of {payout.amount} to a seller failed: {payout.failure_code}"
        raise_alert(session, AlertKind.SELLER_PAYOUT_FAILED, payout.payout_id, text)
    elif payout.status not in NEWS_KEPT:
        text = f"a payout has the unknown status {payout.status[:40]!r}"
        raise_alert(session, AlertKind.UNKNOWN_STATUS, payout.payout_id, text)


def balance_available(services: Services, event: StripeEvent) -> Effect | None:
    """Money became available: a seller's debt may be called back now; ours is copied."""
    if event.account is None:
        copy_lines(services)
        return lambda session: None
    account_id = event.account

    def effect(session: Session) -> None:
        seller_id = session.scalar(
            select(SellerProfile.user_id).where(SellerProfile.stripe_account_id == account_id)
        )
        if seller_id is not None:
            retry_refused(session, services.queue, seller_id)

    return effect
