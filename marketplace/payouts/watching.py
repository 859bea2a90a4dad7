"""Sellers' payouts as the provider has them: shown only, since the money is not ours any more."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import new_id
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import Payout
from marketplace.orders.transfer_models import SellerPayout

NEWEST = 50


def note_payout(session: Session, seller_id: str, account_id: str, made: Payout) -> None:
    """Show a payout from the moment it is made, unless the provider's message was faster."""
    session.execute(
        _row(seller_id, account_id, made).on_conflict_do_nothing(
            index_elements=[SellerPayout.payout_id]
        )
    )


def watch_payouts(services: Services, seller_id: str) -> int:
    """Read a seller's newest payouts and record what has changed; returns how many there are.

    Finds what no message brought: payouts made at the provider's own page, and failures.

    Raises:
        NotFoundError: no such seller.
        PaymentError, PaymentUnavailableError: what is recorded stays.
    """
    with unit_of_work(services.database) as session:
        profile = session.get(SellerProfile, seller_id)
        if profile is None:
            raise NotFoundError
        account_id = profile.stripe_account_id
        if account_id is None:
            return 0
    found = services.payments.list_payouts(account_id, NEWEST)
    with unit_of_work(services.database) as session:
        for one in found:
            row = _row(seller_id, account_id, one)
            session.execute(
                row.on_conflict_do_update(
                    index_elements=[SellerPayout.payout_id],
                    set_={
                        "status": one.status[:40],
                        "arrival_at": one.arrival,
                        "failure_code": _short(one.failure_code),
                        "changed_at": now(),
                    },
                    where=SellerPayout.status != one.status[:40],
                )
            )
    return len(found)


def _row(seller_id: str, account_id: str, made: Payout) -> Insert:
    return insert(SellerPayout).values(
        id=new_id(),
        seller_id=seller_id,
        account_id=account_id,
        payout_id=made.payout_id,
        cents=made.amount.cents,
        currency=made.amount.currency,
        status=made.status[:40],
        automatic=made.automatic,
        arrival_at=made.arrival,
        failure_code=_short(made.failure_code),
        created_at=made.created,
    )


def _short(code: str | None) -> str | None:
    return None if code is None else code[:80]
