"""What is printed on a receipt, an invoice or a credit note: plain values, kept as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from marketplace.orders.billing import billing_of
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.order_words import REFUND_REASONS
from marketplace.orders.refund_models import Refund


@dataclass(frozen=True)
class ContentsLine:
    """One prompt: its title, whose it is, and the money without and of tax, in cents."""

    title: str
    seller: str
    cents: int
    tax_cents: int


@dataclass(frozen=True)
class Contents:
    """Everything on a document except its number and date. It never holds a prompt's text."""

    issuer: list[str]
    buyer: list[str]
    lines: list[ContentsLine]
    order_id: str
    paid_on: str
    """ISO date, UTC."""
    payment: str
    terms: str
    """What the buyer accepted before paying; blank where nothing was asked."""
    refers_to: str
    """Number of the document that a credit note corrects."""
    reason: str
    """Why money was given back."""

    @property
    def taxed(self) -> bool:
        """Whether there is tax to be shown."""
        return any(line.tax_cents for line in self.lines)

    @property
    def paid_day(self) -> str:
        """The day of the payment for people."""
        moment = date.fromisoformat(self.paid_on)
        return f"{moment.day} {moment:%B %Y}"

    def as_json(self) -> dict[str, Any]:
        """For the row."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Contents:
        """Back from the row."""
        lines = [ContentsLine(**line) for line in values["lines"]]
        return cls(**{**values, "lines": lines})


def sale_contents(order: Order, sellers: dict[str, str], issuer: str, email: str) -> Contents:
    """Of a receipt or an invoice; ``sellers`` maps seller ids to the names they show."""
    lines = [_line(line, sellers, line.price_cents, line.tax_cents) for line in order.lines]
    return _contents(order, lines, issuer, email)


def credit_contents(
    order: Order,
    refund: Refund,
    sellers: dict[str, str],
    issuer: str,
    email: str,
    refers_to: str,
) -> Contents:
    """Of a credit note for one refund of one line."""
    lines = [
        _line(line, sellers, refund.cents, refund.tax_cents)
        for line in order.lines
        if line.id == refund.line_id
    ]
    reason = REFUND_REASONS[refund.reason]
    return _contents(order, lines, issuer, email, refers_to=refers_to, reason=reason)


def _line(line: OrderLine, sellers: dict[str, str], cents: int, tax_cents: int) -> ContentsLine:
    return ContentsLine(line.title, sellers.get(line.seller_id, ""), cents, tax_cents)


def _contents(
    order: Order,
    lines: Sequence[ContentsLine],
    issuer: str,
    email: str,
    refers_to: str = "",
    reason: str = "",
) -> Contents:
    return Contents(
        issuer=[part.strip() for part in issuer.split("|") if part.strip()],
        buyer=[*billing_of(order).lines(), email],
        lines=list(lines),
        order_id=order.id,
        paid_on=order.paid_at.date().isoformat() if order.paid_at else "",
        payment=_payment(order),
        terms=_terms(order),
        refers_to=refers_to,
        reason=reason,
    )


def _payment(order: Order) -> str:
    if not order.card_last4:
        return "card or wallet"
    brand = (order.card_brand or "card").replace("_", " ").title()
    return f"{brand} ending in {order.card_last4}"


def _terms(order: Order) -> str:
    if order.terms_accepted_at is None:
        return ""
    moment = order.terms_accepted_at
    return (
        f"Terms of instant delivery of {order.terms_version}, accepted on "
        f"{moment.day} {moment:%B %Y} at {moment:%H:%M} UTC"
    )
