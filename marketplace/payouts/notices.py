"""E-mails to sellers about their money: titles, sums and reasons; never a word of a prompt.

What happened is found from its rows, so no message can be lost; a unique row for each subject
keeps it from being told twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from marketplace.accounts.mail import queue_mail
from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.ids import new_id
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.dispute_models import Dispute, DisputeLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import DisputeStatus
from marketplace.orders.transfer_models import PayoutStatus, SellerPayout
from marketplace.payouts import mails
from marketplace.payouts.account_words import Need
from marketplace.payouts.models import PayoutRequest, SellerNotice
from marketplace.payouts.states import NoticeKind, RequestState

BATCH = 100
NEWS = timedelta(days=30)
"""Older than this, it is no news; it bounds what a sweep looks at as well."""


def sweep_notices(session: Session, services: Services) -> int:
    """Write to sellers about what happened to their money since; returns how many mails."""
    parts: tuple[Callable[[Session, Services], int], ...] = (
        _refunds,
        _refunds_undone,
        _disputes_opened,
        _disputes_won,
        _disputes_lost,
        _payouts_failed,
        _payouts_refused,
    )
    return sum(part(session, services) for part in parts)


def tell_account_needs(
    session: Session,
    services: Services,
    profile: SellerProfile,
    status: TransfersStatus,
    closed: bool,
    needs: list[Need],
) -> None:
    """Write to a seller that their account needs something; the caller knows that it is news."""
    _send(session, services, profile.user_id, mails.account_needs(status, closed, needs))


def _refunds(session: Session, services: Services) -> int:
    found = session.scalars(
        select(Refund)
        .options(joinedload(Refund.line))
        .where(
            Refund.created_at > now() - NEWS,
            Refund.booked_at.is_not(None),
            Refund.line_id.is_not(None),
            Refund.cents > 0,
            _untold(NoticeKind.SALE_REFUNDED, Refund.id),
        )
        .order_by(Refund.created_at)
        .limit(BATCH)
    ).all()
    return sum(
        _tell(
            session, services, refund.line.seller_id, NoticeKind.SALE_REFUNDED, refund.id,
            mails.sale_refunded(refund, refund.line),
        )
        for refund in found
        if refund.line is not None
    )  # fmt: skip


def _refunds_undone(session: Session, services: Services) -> int:
    found = session.scalars(
        select(Refund)
        .options(joinedload(Refund.line))
        .where(
            Refund.undone_at > now() - NEWS,
            Refund.line_id.is_not(None),
            _untold(NoticeKind.REFUND_UNDONE, Refund.id),
        )
        .limit(BATCH)
    ).all()
    return sum(
        _tell(
            session, services, refund.line.seller_id, NoticeKind.REFUND_UNDONE, refund.id,
            mails.refund_undone(refund, refund.line),
        )
        for refund in found
        if refund.line is not None
    )  # fmt: skip


def _disputes_opened(session: Session, services: Services) -> int:
    return _disputes(session, services, NoticeKind.DISPUTE_OPENED, Dispute.withdrawn_cents > 0)


def _disputes_won(session: Session, services: Services) -> int:
    return _disputes(session, services, NoticeKind.DISPUTE_WON, DisputeLine.returned.is_(True))


def _disputes_lost(session: Session, services: Services) -> int:
    lost = DisputeLine.lost.is_(True) & (Dispute.status == DisputeStatus.LOST)
    return _disputes(session, services, NoticeKind.DISPUTE_LOST, lost)


def _disputes(
    session: Session, services: Services, kind: NoticeKind, which: ColumnElement[bool]
) -> int:
    found = session.scalars(
        select(DisputeLine)
        .join(DisputeLine.dispute)
        .options(joinedload(DisputeLine.dispute), joinedload(DisputeLine.line))
        .where(which, Dispute.created_at > now() - 4 * NEWS, _untold(kind, DisputeLine.id))
        .order_by(DisputeLine.id)
        .limit(BATCH)
    ).all()
    return sum(
        _tell(session, services, part.line.seller_id, kind, part.id, mails.dispute(kind, part))
        for part in found
    )


def _payouts_failed(session: Session, services: Services) -> int:
    found = session.scalars(
        select(SellerPayout)
        .where(
            SellerPayout.status == PayoutStatus.FAILED,
            SellerPayout.created_at > now() - NEWS,
            _untold(NoticeKind.PAYOUT_FAILED, SellerPayout.payout_id),
        )
        .limit(BATCH)
    ).all()
    return sum(
        _tell(
            session, services, payout.seller_id, NoticeKind.PAYOUT_FAILED, payout.payout_id,
            mails.payout_failed(payout),
        )
        for payout in found
    )  # fmt: skip


def _payouts_refused(session: Session, services: Services) -> int:
    found = session.scalars(
        select(PayoutRequest)
        .where(
            PayoutRequest.state == RequestState.REFUSED,
            PayoutRequest.created_at > now() - NEWS,
            _untold(NoticeKind.PAYOUT_REFUSED, PayoutRequest.id),
        )
        .limit(BATCH)
    ).all()
    return sum(
        _tell(
            session, services, request.seller_id, NoticeKind.PAYOUT_REFUSED, request.id,
            mails.payout_refused(request),
        )
        for request in found
    )  # fmt: skip


def _untold(kind: NoticeKind, subject: Any) -> ColumnElement[bool]:
    told = select(SellerNotice.id).where(
        SellerNotice.kind == kind.value,
        SellerNotice.subject == cast(subject, String),
    )
    return ~told.exists()


def _tell(
    session: Session,
    services: Services,
    seller_id: str,
    kind: NoticeKind,
    subject: str,
    mail: mails.Words,
) -> int:
    """Send a mail unless another sweep has; the row and the mail are one commit."""
    first = session.scalar(
        insert(SellerNotice)
        .values(id=new_id(), seller_id=seller_id, kind=kind.value, subject=subject)
        .on_conflict_do_nothing(index_elements=[SellerNotice.kind, SellerNotice.subject])
        .returning(SellerNotice.id)
    )
    if first is None:
        return 0
    _send(session, services, seller_id, mail)
    return 1


def _send(session: Session, services: Services, seller_id: str, mail: mails.Words) -> None:
    profile = session.get_one(SellerProfile, seller_id)
    address = f"{services.settings.public_url}{mail.path}"
    text = (
        f"Hello {profile.display_name},\n\n{mail.text}\n\n{mail.link_text}\n{address}\n\nBracket\n"
    )
    queue_mail(session, services.queue, profile.user.email, mail.subject, text)
