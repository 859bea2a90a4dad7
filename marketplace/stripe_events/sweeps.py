"""Asks about sellers whose money is held, in case the news that they are ready was lost."""

from __future__ import annotations

from sqlalchemy import select

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.holds import OURS
from marketplace.orders.models import OrderLine
from marketplace.orders.states import TransferState
from marketplace.stripe_events.account_handlers import refresh_account

BATCH = 50


def refresh_held_accounts(services: Services) -> int:
    """Ask about each such seller's account; returns how many.

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say all; the next call goes on.
    """
    with unit_of_work(services.database) as session:
        accounts = session.scalars(
            select(SellerProfile.stripe_account_id)
            .join(OrderLine, OrderLine.seller_id == SellerProfile.user_id)
            .where(
                OrderLine.transfer_state == TransferState.HELD,
                OrderLine.held_code.not_in([code.value for code in OURS]),
                SellerProfile.stripe_account_id.is_not(None),
                SellerProfile.transfers_status != TransfersStatus.ACTIVE,
            )
            .distinct()
            .order_by(SellerProfile.stripe_account_id)
            .limit(BATCH)
        ).all()
    for account_id in accounts:
        with unit_of_work(services.database) as session:
            refresh_account(session, services, str(account_id))
    return len(accounts)
