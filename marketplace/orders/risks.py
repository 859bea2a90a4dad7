"""Sellers whose payments are a risk, for the moderators' queue: who, and why in words."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.dispute_models import Dispute, DisputeLine
from marketplace.orders.models import OrderLine
from marketplace.orders.states import DISPUTE_OPEN, ReversalState
from marketplace.orders.transfer_models import SellerHold, TransferReversal

_TROUBLED = (TransfersStatus.RESTRICTED, TransfersStatus.REJECTED)
_LEFT = TransferReversal.cents - TransferReversal.recovered_cents


def sellers_at_risk(session: Session) -> dict[str, str]:
    """Seller id to why: disputes, debts, held money, a troubled account. The gravest is named."""
    disputed = (
        select(OrderLine.seller_id, func.count(Dispute.id.distinct()))
        .join(DisputeLine, DisputeLine.line_id == OrderLine.id)
        .join(Dispute, Dispute.id == DisputeLine.dispute_id)
        .where(Dispute.status.in_(sorted(DISPUTE_OPEN)))
        .group_by(OrderLine.seller_id)
    )
    indebted = (
        select(TransferReversal.seller_id)
        .where(TransferReversal.state == ReversalState.REFUSED, _LEFT > 0)
        .distinct()
    )
    held = select(SellerHold.seller_id).where(SellerHold.released_at.is_(None))
    troubled = select(SellerProfile.user_id).where(SellerProfile.transfers_status.in_(_TROUBLED))
    found = dict.fromkeys(
        session.scalars(troubled), "Our payments partner restricts their account."
    )
    found |= dict.fromkeys(session.scalars(held), "Their money is held.")
    found |= dict.fromkeys(session.scalars(indebted), "They owe us money after refunds.")
    for seller_id, number in session.execute(disputed):
        found[seller_id] = f"{number} open dispute{'s' if number != 1 else ''} with buyers’ banks."
    return found
