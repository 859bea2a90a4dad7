"""Receipts, invoices and credit notes: one each, numbered without gaps, never changed."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from marketplace.accounts.models import SellerProfile, User
from marketplace.orders import receipts
from marketplace.orders.billing import BillingDetails
from marketplace.orders.checkout import CheckoutDetails, check_out
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.receipt_models import Receipt, ReceiptKind
from marketplace.orders.receipt_pdf import receipt_pdf
from marketplace.orders.refund_models import Refund
from marketplace.orders.refunds import refund_lines
from marketplace.orders.states import RefundReason, RefundState
from tests.factories.orders import SECRET_PROMPT
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import other_listing

ANN = BillingDetails(
    name="Ann Ćwik", country="PL", line1="Długa 5", postal_code="00-238", city="Warszawa",
    tax_id="PL5260001246",
)  # fmt: skip


def bought(house: House, *listing_ids: str, billing: BillingDetails | None = None) -> Order:
    """A paid order of one or several listings."""
    wanted = listing_ids or (house.listing_id,)
    url = check_out(house.services, house.buyer_id, wanted, CheckoutDetails("2026-11-21", billing))
    house.bank.pay(url)
    with house.work() as session:
        order = session.scalars(select(Order).where(Order.checkout_url == url)).one()
    settle(house.services, order.id)
    return order


def papers(house: House, order: Order) -> list[Receipt]:
    receipts.issue_missing(house.services, order.id)
    with house.work() as session:
        return receipts.receipts_of(session, order.id)


def refund(house: House, order: Order, cents: int | None = None) -> str:
    """Give the first line back, as far as the bank; its id."""
    with house.work() as session:
        line = session.scalars(
            select(OrderLine).where(OrderLine.order_id == order.id, OrderLine.position == 0)
        ).one()
        (row,) = refund_lines(
            session, house.services, order.id, {line.id: cents}, RefundReason.DOES_NOT_WORK,
            "", None,
        )  # fmt: skip
    house.run_jobs()
    return row.id


def last_numbers(house: House) -> dict[ReceiptKind, int]:
    with house.work() as session:
        found = select(Receipt.kind, func.max(Receipt.number)).group_by(Receipt.kind)
        return {row[0]: row[1] for row in session.execute(found)}


def read(receipt: Receipt) -> str:
    pages = PdfReader(io.BytesIO(receipt_pdf(receipt))).pages
    return "\n".join(page.extract_text() for page in pages)


def test_a_sale_gets_one_receipt_that_names_each_seller(house: House) -> None:
    other = other_listing(house)
    with house.work() as session:
        session.get_one(SellerProfile, other.seller_id).display_name = "Moth & Co."
    order = bought(house, house.listing_id, other.id)
    (paper,) = papers(house, order)
    assert papers(house, order)[0].id == paper.id
    assert (paper.kind, paper.total_cents, paper.tax_cents) == (ReceiptKind.RECEIPT, 798, 0)
    contents = receipts.contents_of(paper)
    assert [(line.title, line.seller, line.cents) for line in contents.lines] == [
        ("Paper fox", "Paper Fox", 299),
        ("Moth lamp", "Moth & Co.", 499),
    ]
    with house.work() as session:
        # Above it stand the name and country that came with the payment.
        assert contents.buyer[-1] == session.get_one(User, house.buyer_id).email
    assert "of 2026-11-21, accepted on" in contents.terms


def test_billing_details_make_it_an_invoice_as_a_file_too(house: House) -> None:
    (paper,) = papers(house, bought(house, billing=ANN))
    assert paper.kind is ReceiptKind.INVOICE
    said = read(paper)
    for part in (
        f"Invoice {receipts.number_text(paper)}", "Ann Ćwik", "Długa 5", "00-238 Warszawa",
        "Poland", "Tax ID PL5260001246", "Paper fox", "Paper Fox", "$2.99", "No tax was charged.",
    ):  # fmt: skip
        assert part in said
    assert SECRET_PROMPT not in said
    assert "velvet" not in said


def test_numbers_have_no_gaps_even_when_an_issue_is_undone(house: House) -> None:
    first = papers(house, bought(house))[0].number
    order = bought(house, other_listing(house).id)

    def undone() -> None:
        with house.work() as session:
            receipts.issue(session, order.id, "Bracket")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undone()
    assert papers(house, order)[0].number == first + 1


def test_each_refund_gets_its_credit_note_and_each_kind_its_own_series(house: House) -> None:
    order = bought(house, billing=ANN)
    (invoice,) = papers(house, order)
    before = last_numbers(house)
    refund(house, order, 100)
    refund(house, order)
    _, first, second = papers(house, order)
    assert [first.kind, second.kind] == [ReceiptKind.CREDIT_NOTE] * 2
    assert second.number == first.number + 1
    assert (first.total_cents, second.total_cents) == (100, 199)
    contents = receipts.contents_of(first)
    assert contents.refers_to == receipts.number_text(invoice)
    assert contents.reason == "It does not work"
    assert last_numbers(house)[ReceiptKind.INVOICE] == before[ReceiptKind.INVOICE]
    said = read(first)
    for part in (f"Credit note {receipts.number_text(first)}", "Corrects", "Given back", "$1.00"):
        assert part in said


def test_a_refund_that_has_not_reached_the_buyer_has_no_credit_note(house: House) -> None:
    order = bought(house)
    row_id = refund(house, order)
    with house.work() as session:
        session.get_one(Refund, row_id).state = RefundState.PENDING
    assert len(papers(house, order)) == 1
    with house.work() as session:
        session.get_one(Refund, row_id).state = RefundState.MANUAL
    assert len(papers(house, order)) == 2


def test_unpaid_orders_have_no_papers(house: House) -> None:
    check_out(house.services, house.buyer_id, [house.listing_id])
    with house.work() as session:
        order = session.scalars(select(Order)).one()
        assert receipts.issue(session, order.id, "Bracket") == []
    assert receipts.sweep_receipts(house.services) == 0


def test_what_is_issued_stays_as_it_was(house: House) -> None:
    order = bought(house)
    (paper,) = papers(house, order)
    before = receipt_pdf(paper)
    with house.work() as session:
        session.get_one(SellerProfile, house.seller_id).display_name = "Another Name"
    (again,) = papers(house, order)
    assert receipt_pdf(again) == before
    for change in ("UPDATE receipts SET total_cents = 1", "DELETE FROM receipts"):
        with pytest.raises(DatabaseError), house.work() as session:
            session.execute(text(change))


def test_the_sweep_issues_what_nobody_asked_for(house: House) -> None:
    order = bought(house)
    assert receipts.sweep_receipts(house.services) == 1
    assert receipts.sweep_receipts(house.services) == 0
    refund(house, order)
    assert receipts.sweep_receipts(house.services) == 1
    with house.work() as session:
        kinds = [paper.kind for paper in receipts.receipts_of(session, order.id)]
    assert kinds == [ReceiptKind.RECEIPT, ReceiptKind.CREDIT_NOTE]


def test_tax_has_its_own_line(house: House) -> None:
    order = bought(house)
    with house.work() as session:
        row = session.get_one(Order, order.id)
        row.tax_cents = row.lines[0].tax_cents = 21
    (paper,) = papers(house, order)
    assert (paper.total_cents, paper.tax_cents) == (320, 21)
    said = read(paper)
    assert "Tax" in said
    for sum_ in ("$2.99", "$0.21", "$3.20"):
        assert sum_ in said
