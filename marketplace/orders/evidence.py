"""Evidence for a dispute, gathered from our rows: what was sold, delivered, opened and agreed.

Never a word of the prompt: the bank reads what everybody may read.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.money import Money
from marketplace.listings.models import Listing
from marketplace.orders.dispute_models import Dispute, LibraryAccess
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.states import REFUND_STANDS

FIELDS = (
    "product_description",
    "customer_name",
    "customer_email_address",
    "billing_address",
    "service_date",
    "access_activity_log",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "customer_purchase_ip",
    "uncategorized_text",
)
"""Fields of Stripe's evidence that hold text of ours; tested against the pinned library."""
LIMIT = 150_000
"""Characters that Stripe takes in all the fields together."""
FIELD_LIMIT = 20_000
SHOWN = 200

PRODUCT = """Digital goods from Bracket, a marketplace of prompts for image generators. Delivered \
at once in the buyer's own library on the site; nothing is shipped.
{items}"""
POLICY = """Before paying, the buyer ticked a box (not ticked by default) to agree to instant \
digital delivery and to our terms{version}, on {when}. The terms say how to ask for a refund; \
this buyer {asked}."""


def gather_evidence(session: Session, dispute_id: str) -> dict[str, str]:
    """What we can show for a disputed payment, under Stripe's field names; empty ones left out."""
    dispute = session.get_one(Dispute, dispute_id)
    order = session.get_one(Order, dispute.order_id)
    buyer = session.get_one(User, order.buyer_id)
    gathered = {
        "product_description": _products(session, order),
        "customer_name": order.billing_name or buyer.display_name,
        "customer_email_address": buyer.email,
        "billing_address": _address(order),
        "service_date": _day(order.paid_at) if order.paid_at else "",
        "access_activity_log": _accesses(session, order),
        "refund_policy_disclosure": _policy(session, order),
        "refund_refusal_explanation": _refusals(session, order),
        "uncategorized_text": _story(session, order),
    }
    return {name: text[:FIELD_LIMIT] for name, text in gathered.items() if text}


def _products(session: Session, order: Order) -> str:
    rows = session.execute(
        select(OrderLine.title, OrderLine.price_cents, Listing.description)
        .join(OrderLine.listing)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.position, OrderLine.id)
    )
    items = [f"- “{title}”, {Money(cents)}: {text[:300]}" for title, cents, text in rows]
    return PRODUCT.format(items="\n".join(items))


def _address(order: Order) -> str:
    parts = (
        order.billing_name,
        order.billing_line1,
        order.billing_line2,
        order.billing_postal_code,
        order.billing_city,
        order.billing_state,
        order.billing_country,
    )
    return ", ".join(part for part in parts if part) if order.billing_line1 else ""


def _accesses(session: Session, order: Order) -> str:
    rows = session.execute(
        select(LibraryAccess.at, LibraryAccess.address_hash, OrderLine.title)
        .join(Entitlement, Entitlement.id == LibraryAccess.entitlement_id)
        .join(OrderLine, OrderLine.id == Entitlement.line_id)
        .where(OrderLine.order_id == order.id)
        .order_by(LibraryAccess.at)
        .limit(SHOWN)
    ).all()
    if not rows:
        return ""
    here = order.buyer_address_hash
    lines = [
        f"{_moment(at)}: opened “{title}”"
        + (" from the network address of the purchase" if here and where == here else "")
        for at, where, title in rows
    ]
    return "Signed in to the buyer's account:\n" + "\n".join(lines)


def _policy(session: Session, order: Order) -> str:
    if order.terms_accepted_at is None:
        return ""
    asked = session.scalar(
        select(RefundRequest.id).where(RefundRequest.order_id == order.id).limit(1)
    )
    return POLICY.format(
        version=f" (version {order.terms_version})" if order.terms_version else "",
        when=_moment(order.terms_accepted_at),
        asked="did ask" if asked else "has not asked",
    )


def _refusals(session: Session, order: Order) -> str:
    rows = session.scalars(
        select(RefundRequest).where(
            RefundRequest.order_id == order.id, RefundRequest.answer.is_not(None)
        )
    )
    return "\n".join(
        f"Asked on {_moment(row.created_at)} ({row.reason.value.replace('_', ' ')}); "
        f"{row.state.value}: {row.answer}"
        for row in rows
    )


def _story(session: Session, order: Order) -> str:
    paid = f"Paid on {_moment(order.paid_at)}" if order.paid_at else "Paid"
    card = f" with {order.card_brand} ending in {order.card_last4}" if order.card_last4 else ""
    lines = [f"{paid}{card}. The prompts were in the buyer's library from that moment on."]
    refunds = session.scalars(
        select(Refund).where(Refund.order_id == order.id, Refund.state.in_(REFUND_STANDS))
    )
    lines += [
        f"{Money(row.paid_back_cents)} given back on {_moment(row.created_at)}." for row in refunds
    ]
    return "\n".join(lines)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
