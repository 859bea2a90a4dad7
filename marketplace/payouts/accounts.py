"""A seller's account at the provider: opening it, leading there, and what it still needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, NotFoundError
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, SellerAccount, TransfersStatus
from marketplace.orders.transfers import release_held
from marketplace.payouts.account_words import Need, needs_in_words, requirement_row
from marketplace.payouts.models import ConnectedAccount
from marketplace.payouts.notices import tell_account_needs
from marketplace.task_names import TaskName

CHECK_GAP = timedelta(days=1)
"""An account may come to need something without any message reaching us."""
RETRY_GAP = timedelta(minutes=10)
PATIENCE = timedelta(days=1)
"""How long a seller who has just begun is left alone before they are reminded."""
BATCH = 100
GONE = frozenset({"account_closed", "account_invalid", "resource_missing"})
"""The account is not ours to reach any more: closed, or its owner has left us."""


@dataclass(frozen=True)
class AccountState:
    """What we know of a seller's account, and what waits for the seller."""

    status: TransfersStatus
    closed: bool
    needs: list[Need]


def account_state(session: Session, profile: SellerProfile) -> AccountState:
    """How a seller's account stood when the provider was last asked."""
    known = session.get(ConnectedAccount, profile.user_id)
    if known is None:
        return AccountState(profile.transfers_status, False, [])
    # A webhook may have brought a newer status than the last look at the requirements.
    return AccountState(profile.transfers_status, known.closed, needs_in_words(known.requirements))


def check_account(services: Services, seller_id: str) -> AccountState:
    """Ask the provider how an account stands, remember it, and set held shares going.

    Raises:
        NotFoundError: no such seller.
        PaymentError, PaymentUnavailableError: what is remembered stays.
    """
    with unit_of_work(services.database) as session:
        profile = session.get(SellerProfile, seller_id)
        if profile is None:
            raise NotFoundError
        if profile.stripe_account_id is None:
            return AccountState(TransfersStatus.NONE, False, [])
    account_id = profile.stripe_account_id
    try:
        found = services.payments.seller_account(account_id)
    except PaymentError as error:
        if error.code not in GONE:
            raise
        found = SellerAccount(account_id, TransfersStatus.REJECTED, closed=True)
    with unit_of_work(services.database) as session:
        return _remember(session, services, seller_id, found)


def _remember(
    session: Session, services: Services, seller_id: str, found: SellerAccount
) -> AccountState:
    profile = session.get_one(
        SellerProfile, seller_id, with_for_update={"key_share": True}, populate_existing=True
    )
    became_active = (
        found.status is TransfersStatus.ACTIVE
        and profile.transfers_status is not TransfersStatus.ACTIVE
    )
    profile.transfers_status = found.status
    row = _row(session, seller_id, found.status)
    row.status, row.closed = found.status, found.closed
    row.requirements = [requirement_row(one) for one in found.requirements]
    row.checked_at = row.asked_at = now()
    if found.status is TransfersStatus.ACTIVE:
        row.has_been_active = True
    if became_active:
        release_held(session, services.queue, seller_id)
    state = AccountState(found.status, found.closed, needs_in_words(row.requirements))
    if _worth_a_mail(profile, row, state):
        digest = _digest(state)
        if row.told != digest:
            row.told = digest
            tell_account_needs(session, services, profile, state.status, state.closed, state.needs)
    elif found.status is TransfersStatus.ACTIVE:
        row.told = None  # mended: the next need is news again
    session.flush()
    return state


def _row(session: Session, seller_id: str, status: TransfersStatus) -> ConnectedAccount:
    fresh = {"seller_id": seller_id, "status": status, "requirements": []}
    session.execute(
        insert(ConnectedAccount)
        .values(closed=False, has_been_active=False, **fresh)
        .on_conflict_do_nothing(index_elements=[ConnectedAccount.seller_id])
    )
    return session.get_one(
        ConnectedAccount, seller_id, with_for_update=True, populate_existing=True
    )


def _worth_a_mail(profile: SellerProfile, row: ConnectedAccount, state: AccountState) -> bool:
    """True where the seller would otherwise not know; not while they are filling in the form."""
    if state.closed or state.status in {TransfersStatus.REJECTED, TransfersStatus.RESTRICTED}:
        return True
    if not any(need.urgent for need in state.needs):
        return False
    settled = row.has_been_active or any(need.problem for need in state.needs)
    return settled or now() - profile.created_at > PATIENCE


def _digest(state: AccountState) -> str:
    parts = [state.status.value, str(state.closed)]
    parts += [f"{need.words}|{need.problem}" for need in state.needs if need.urgent]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def onboarding_address(
    services: Services, account_id: str, return_url: str, refresh_url: str
) -> str:
    """A single-use address of the provider's form, for whatever is missing.

    Raises:
        PaymentError, PaymentUnavailableError: no address.
    """
    return services.payments.onboarding_url(account_id, return_url, refresh_url)


def login_address(services: Services, profile: SellerProfile) -> str:
    """A single-use address of the seller's own page at the provider.

    Raises:
        ConflictError: they have not been there yet, so there is no such page.
        PaymentError, PaymentUnavailableError: no address.
    """
    if profile.stripe_account_id is None:
        raise ConflictError(
            "Set up payouts first; then you have a page of your own at Stripe.", "not_onboarded"
        )
    return services.payments.login_url(profile.stripe_account_id)


def sweep_accounts(session: Session, queue: TaskQueue) -> int:
    """Have accounts looked at that were not for a day, or whose status has changed since."""
    asked = ConnectedAccount.asked_at
    due = session.execute(
        select(SellerProfile, ConnectedAccount)
        .outerjoin(ConnectedAccount, ConnectedAccount.seller_id == SellerProfile.user_id)
        .where(
            SellerProfile.stripe_account_id.is_not(None),
            or_(
                ConnectedAccount.seller_id.is_(None),
                asked < now() - CHECK_GAP,
                (ConnectedAccount.status != SellerProfile.transfers_status)
                & (asked < now() - RETRY_GAP),
            ),
        )
        .order_by(asked.nulls_first(), SellerProfile.user_id)
        .limit(BATCH)
    ).all()
    for profile, _ in due:
        # Remembered before the call: an account that cannot be read must not be asked for ever.
        _row(session, profile.user_id, profile.transfers_status).asked_at = now()
        enqueue(session, queue, TaskName.CHECK_SELLER_ACCOUNT, profile.user_id)
    return len(due)
