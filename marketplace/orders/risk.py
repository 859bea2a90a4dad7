"""Against card testing and stolen cards: what is counted, and when it is too much.

Small prices attract people who try out stolen cards. They are slowed down by buyer, by network
address and by card, long before Stripe would object to the platform's rate of declines.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import ConflictError
from marketplace.core.ids import new_id
from marketplace.gateways.payments import CardFacts
from marketplace.orders.dispute_models import PaymentAttempt
from marketplace.orders.models import Order
from marketplace.orders.states import MONEY_ARRIVED
from marketplace.settings import Settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOO_MANY = (
    "There have been too many attempts to pay. Please wait an hour and try again, or write to us "
    "if a card of yours is refused that should not be."
)


def address_hash(secret_key: str, address: str) -> str:
    """A network address as a keyed hash: it can be compared, but not read back."""
    key = hashlib.blake2b(secret_key.encode(), digest_size=32, person=b"buyer-address").digest()
    return hmac.new(key, address.strip().lower().encode(), hashlib.sha256).hexdigest()


def record_attempt(
    session: Session,
    order: Order,
    attempt_id: str,
    code: str | None,
    card: CardFacts,
    succeeded: bool,
) -> bool:
    """Count one try of a card, once; returns whether it was new.

    Args:
        attempt_id: the charge's id, or what stands for it where the bank was never asked.
    """
    made = session.scalar(
        insert(PaymentAttempt)
        .values(
            id=new_id(),
            order_id=order.id,
            buyer_id=order.buyer_id,
            charge_id=attempt_id[:80],
            succeeded=succeeded,
            code=None if code is None else code[:80],
            card_fingerprint=card.fingerprint,
            card_country=card.country,
            address_hash=order.buyer_address_hash,
            at=now(),
        )
        .on_conflict_do_nothing(index_elements=[PaymentAttempt.charge_id])
        .returning(PaymentAttempt.id)
    )
    return made is not None


def check_checkout(
    session: Session, settings: Settings, buyer_id: str, hashed_address: str | None
) -> None:
    """Let a buyer on to the payment page unless too many cards were refused lately.

    Raises:
        ConflictError: with code "too_many_attempts" and a text for people.
    """
    opened = _orders(session, buyer_id, now() - HOUR)
    if opened >= settings.checkouts_per_hour or too_many_declines(
        session, settings, buyer_id, hashed_address
    ):
        raise ConflictError(TOO_MANY, "too_many_attempts")


def too_many_declines(
    session: Session, settings: Settings, buyer_id: str, hashed_address: str | None
) -> bool:
    """Whether cards were refused lately as often as only happens to who tries them out."""
    since = now() - HOUR
    declined = PaymentAttempt.succeeded.is_(False)
    by_buyer = _attempts(session, declined, PaymentAttempt.buyer_id == buyer_id, since)
    if by_buyer >= settings.buyer_declines_per_hour:
        return True
    if hashed_address is not None:
        here = PaymentAttempt.address_hash == hashed_address
        if _attempts(session, declined, here, since) >= settings.address_declines_per_hour:
            return True
    return _card_is_hot(session, settings, buyer_id)


def wants_secure(session: Session, settings: Settings, buyer_id: str, total_cents: int) -> bool:
    """Whether 3-D Secure is to be asked for: a first purchase of some size."""
    if total_cents < settings.secure_from_cents:
        return False
    bought = select(Order.id).where(Order.buyer_id == buyer_id, Order.paid_at.is_not(None))
    return session.scalar(bought.limit(1)) is None


def _attempts(
    session: Session, declined: ColumnElement[bool], whose: ColumnElement[bool], since: object
) -> int:
    found = select(func.count()).select_from(PaymentAttempt)
    return int(session.scalar(found.where(declined, whose, PaymentAttempt.at >= since)) or 0)


def _orders(session: Session, buyer_id: str, since: object) -> int:
    """Checkouts that were opened and not paid."""
    found = select(func.count()).select_from(Order)
    return int(
        session.scalar(
            found.where(
                Order.buyer_id == buyer_id,
                Order.created_at >= since,
                Order.state.not_in(MONEY_ARRIVED),
            )
        )
        or 0
    )


def _card_is_hot(session: Session, settings: Settings, buyer_id: str) -> bool:
    """Whether a card that this buyer tried today was refused too often, whoever tried it."""
    since = now() - DAY
    cards = select(PaymentAttempt.card_fingerprint).where(
        PaymentAttempt.buyer_id == buyer_id,
        PaymentAttempt.at >= since,
        PaymentAttempt.card_fingerprint.is_not(None),
    )
    worst = session.scalar(
        select(func.count())
        .where(
            PaymentAttempt.succeeded.is_(False),
            PaymentAttempt.at >= since,
            PaymentAttempt.card_fingerprint.in_(cards),
        )
        .group_by(PaymentAttempt.card_fingerprint)
        .order_by(func.count().desc())
        .limit(1)
    )
    return int(worst or 0) >= settings.card_declines_per_day
