"""Receipts, invoices and credit notes as PDF, made from the same contents as their pages.

Imported when one is asked for: the library behind it takes a while to load.
"""

from __future__ import annotations

from marketplace.core.money import Money
from marketplace.core.pdf import Column, PdfDocument
from marketplace.orders.receipt_contents import Contents
from marketplace.orders.receipt_models import Receipt, ReceiptKind
from marketplace.orders.receipts import TITLES, closing_words, contents_of, number_text


def receipt_pdf(receipt: Receipt) -> bytes:
    """The document as a file; the same row always gives the same bytes."""
    contents = contents_of(receipt)
    number = number_text(receipt)
    title = f"{TITLES[receipt.kind]} {number}"
    document = PdfDocument(title, receipt.issued_at, footer=f"{title} · order {contents.order_id}")
    document.columns(("From", contents.issuer), ("To", contents.buyer))
    document.space(3)
    document.facts(_facts(receipt, contents))
    document.space(3)
    document.table(_columns(contents), _rows(contents), _totals(receipt, contents))
    document.space(3)
    for text in closing_words(receipt, contents):
        document.paragraph(text, soft=True)
    return document.to_bytes()


def _facts(receipt: Receipt, contents: Contents) -> list[tuple[str, str]]:
    issued = f"{receipt.issued_at.day} {receipt.issued_at:%B %Y}"
    facts = [("Date", issued), ("Order", contents.order_id)]
    if receipt.kind is ReceiptKind.CREDIT_NOTE:
        return [*facts, ("Corrects", contents.refers_to), ("Reason", contents.reason)]
    return [*facts, ("Paid", f"{contents.paid_day}, {contents.payment}")]


def _columns(contents: Contents) -> list[Column]:
    columns = [Column("Prompt", 4), Column("Sold by", 3)]
    if contents.taxed:
        columns += [Column("Price", 1.4, numeric=True), Column("Tax", 1.4, numeric=True)]
    return [*columns, Column("Amount (USD)", 1.8, numeric=True)]


def _rows(contents: Contents) -> list[list[str]]:
    rows = []
    for line in contents.lines:
        row = [line.title, line.seller]
        if contents.taxed:
            row += [str(Money(line.cents)), str(Money(line.tax_cents))]
        rows.append([*row, str(Money(line.cents + line.tax_cents))])
    return rows


def _totals(receipt: Receipt, contents: Contents) -> list[list[str]]:
    label = "Given back" if receipt.kind is ReceiptKind.CREDIT_NOTE else "Total"
    row = [label, ""]
    if contents.taxed:
        net = receipt.total_cents - receipt.tax_cents
        row += [str(Money(net)), str(Money(receipt.tax_cents))]
    return [[*row, str(Money(receipt.total_cents))]]
