"""Receipts, invoices and credit notes: issued once for each sale and refund, under the next number.

A sweep issues them, or whoever looks at an order first; what is issued is never changed.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import NotFoundError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.orders.billing import billing_of
from marketplace.orders.locks import lock_order
from marketplace.orders.models import Order
from marketplace.orders.receipt_contents import Contents, credit_contents, sale_contents
from marketplace.orders.receipt_models import Receipt, ReceiptKind, ReceiptSeries
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import SOLD, RefundState

BATCH = 100
GIVEN_BACK = (RefundState.SUCCEEDED, RefundState.MANUAL)
"""States in which the buyer has the money; only then there is something to credit."""
PREFIXES = {
    ReceiptKind.RECEIPT: "R",
    ReceiptKind.INVOICE: "I",
    ReceiptKind.CREDIT_NOTE: "C",
}
TITLES = {
    ReceiptKind.RECEIPT: "Receipt",
    ReceiptKind.INVOICE: "Invoice",
    ReceiptKind.CREDIT_NOTE: "Credit note",
}


def number_text(receipt: Receipt) -> str:
    """The number as people write it, for example I-000123."""
    return f"{PREFIXES[receipt.kind]}-{receipt.number:06d}"


def contents_of(receipt: Receipt) -> Contents:
    """What is printed on it."""
    return Contents.of_json(receipt.contents)


def closing_words(receipt: Receipt, contents: Contents) -> list[str]:
    """The sentences below the sums."""
    words = []
    if receipt.kind is ReceiptKind.CREDIT_NOTE:
        words.append("The amount is given back to the buyer.")
    else:
        words.append("Delivered digitally, to the buyer's library on Bracket.")
    if not contents.taxed:
        words.append("No tax was charged.")
    if contents.terms and receipt.kind is not ReceiptKind.CREDIT_NOTE:
        words.append(f"{contents.terms}.")
    return words


def issue_missing(services: Services, order_id: str) -> None:
    """Issue whatever an order still lacks, in a unit of work of its own; harmless to repeat."""
    with unit_of_work(services.database) as session:
        missing = _papers_missing() & (Order.id == order_id)
        if session.scalar(select(Order.id).where(missing)) is not None:
            issue(session, order_id, services.settings.invoice_issuer)


def sweep_receipts(services: Services) -> int:
    """Issue what is missing anywhere; returns for how many orders. Each has its own commit."""
    with unit_of_work(services.database) as session:
        order_ids = session.scalars(
            select(Order.id).where(_papers_missing()).order_by(Order.paid_at).limit(BATCH)
        ).all()
    for order_id in order_ids:
        issue_missing(services, order_id)
    return len(order_ids)


def issue(session: Session, order_id: str, issuer: str) -> list[Receipt]:
    """Issue an order's missing documents: the sale's, then one for each refund that was paid.

    Args:
        issuer: name and address of who sells, its lines divided by "|".

    Raises:
        NotFoundError: no such order.
    """
    order = lock_order(session, order_id)  # two readers at once issue one after the other
    if order.state not in SOLD or order.paid_at is None:
        return []
    issued = receipts_of(session, order_id)
    done = {receipt.refund_id for receipt in issued}
    sale = next((receipt for receipt in issued if receipt.refund_id is None), None)
    sellers, email = _names(session, order), session.get_one(User, order.buyer_id).email
    made = []
    if sale is None:
        contents = sale_contents(order, sellers, issuer, email)
        kind = ReceiptKind.INVOICE if billing_of(order).has_address else ReceiptKind.RECEIPT
        sale = _write(session, kind, order, None, contents)
        made.append(sale)
    for refund in _paid_refunds(session, order_id):
        if refund.id not in done:
            number = number_text(sale)
            contents = credit_contents(order, refund, sellers, issuer, email, number)
            made.append(_write(session, ReceiptKind.CREDIT_NOTE, order, refund, contents))
    return made


def receipts_of(session: Session, order_id: str) -> list[Receipt]:
    """An order's documents, oldest first."""
    found = select(Receipt).where(Receipt.order_id == order_id)
    return list(session.scalars(found.order_by(Receipt.issued_at, Receipt.kind, Receipt.number)))


def own_receipt(session: Session, receipt_id: str, buyer_id: str) -> Receipt:
    """One of the buyer's documents.

    Raises:
        NotFoundError: no such document, or another person's.
    """
    found = session.scalar(
        select(Receipt)
        .join(Receipt.order)
        .where(Receipt.id == receipt_id, Order.buyer_id == buyer_id)
    )
    if found is None:
        raise NotFoundError
    return found


def _papers_missing() -> ColumnElement[bool]:
    sold = Order.state.in_(SOLD) & Order.paid_at.is_not(None)
    sale = select(Receipt.id).where(Receipt.order_id == Order.id, Receipt.refund_id.is_(None))
    credit = select(Receipt.id).where(Receipt.refund_id == Refund.id)
    refund = select(Refund.id).where(
        Refund.order_id == Order.id,
        Refund.line_id.is_not(None),
        Refund.state.in_(GIVEN_BACK),
        ~credit.exists(),
    )
    return sold & (~sale.exists() | refund.exists())


def _paid_refunds(session: Session, order_id: str) -> list[Refund]:
    return list(
        session.scalars(
            select(Refund)
            .where(
                Refund.order_id == order_id,
                Refund.line_id.is_not(None),
                Refund.state.in_(GIVEN_BACK),
            )
            .order_by(Refund.finished_at, Refund.id)
        )
    )


def _names(session: Session, order: Order) -> dict[str, str]:
    found = session.execute(
        select(SellerProfile.user_id, SellerProfile.display_name).where(
            SellerProfile.user_id.in_([line.seller_id for line in order.lines])
        )
    )
    return {row.user_id: row.display_name for row in found}


def _write(
    session: Session, kind: ReceiptKind, order: Order, refund: Refund | None, contents: Contents
) -> Receipt:
    receipt = Receipt(
        kind=kind,
        number=_next_number(session, kind),
        order_id=order.id,
        refund_id=None if refund is None else refund.id,
        total_cents=order.paid_cents if refund is None else refund.paid_back_cents,
        tax_cents=order.tax_cents if refund is None else refund.tax_cents,
        currency=order.currency,
        contents=contents.as_json(),
        issued_at=now(),
    )
    session.add(receipt)
    session.flush()
    return receipt


def _next_number(session: Session, kind: ReceiptKind) -> int:
    """The next of its series. Its row stays locked to the end: undone, the number is free again."""
    first = insert(ReceiptSeries).values(kind=kind, last_number=1)
    number = session.scalar(
        first.on_conflict_do_update(
            index_elements=[ReceiptSeries.kind],
            set_={"last_number": ReceiptSeries.last_number + 1},
        ).returning(ReceiptSeries.last_number)
    )
    return int(number or 0)
