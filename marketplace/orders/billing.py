"""Billing details: what buyers may give, copied into each order as it was then."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.orders.countries import COUNTRIES
from marketplace.orders.models import Order


@dataclass(frozen=True)
class BillingDetails:
    """Who an invoice is made out to; all blank for a plain receipt."""

    name: str = field(default="", repr=False)
    country: str = ""
    """Two letters, ISO 3166."""
    line1: str = field(default="", repr=False)
    line2: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    state: str = field(default="", repr=False)
    tax_id: str = field(default="", repr=False)

    @property
    def given(self) -> bool:
        """True when there is anything at all."""
        return any(getattr(self, each.name) for each in fields(self))

    @property
    def has_address(self) -> bool:
        """True when there is enough for an invoice: a payment alone brings name and country."""
        more = (self.line1, self.city, self.postal_code, self.tax_id)
        return bool(self.name and self.country and any(more))

    def lines(self) -> list[str]:
        """As the lines of an address; empty where nothing was given."""
        place = " ".join(part for part in (self.postal_code, self.city) if part)
        place = ", ".join(part for part in (place, self.state) if part)
        country = COUNTRIES.get(self.country, self.country)
        tax_id = f"Tax ID {self.tax_id}" if self.tax_id else ""
        parts = (self.name, self.line1, self.line2, place, country, tax_id)
        return [part for part in parts if part]


def write_billing(order: Order, billing: BillingDetails) -> None:
    """Copy the details into an order; blanks become null."""
    for each in fields(billing):
        setattr(order, f"billing_{each.name}", getattr(billing, each.name) or None)


def billing_of(order: Order) -> BillingDetails:
    """The details as they were when the order was opened."""
    return BillingDetails(
        **{
            each.name: getattr(order, f"billing_{each.name}") or ""
            for each in fields(BillingDetails)
        }
    )


def last_billing(session: Session, buyer_id: str) -> BillingDetails:
    """What was typed for the buyer's newest invoice, so that it need not be typed again."""
    order = session.scalar(
        select(Order)
        .where(Order.buyer_id == buyer_id, Order.paid_at.is_not(None))
        .order_by(Order.paid_at.desc())
        .limit(1)
    )
    billing = billing_of(order) if order is not None else BillingDetails()
    return billing if billing.has_address else BillingDetails()
