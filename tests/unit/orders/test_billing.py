"""Billing details as lines of an address."""

from __future__ import annotations

from marketplace.orders.billing import BillingDetails, billing_of, write_billing
from marketplace.orders.countries import BY_NAME, COUNTRIES
from marketplace.orders.models import Order

FULL = BillingDetails(
    name="Ann", country="US", line1="1 Long Lane", line2="Floor 2", city="Springfield",
    postal_code="12345", state="IL", tax_id="12-345",
)  # fmt: skip


def test_an_address_has_a_line_for_each_part_that_was_given() -> None:
    assert FULL.lines() == [
        "Ann",
        "1 Long Lane",
        "Floor 2",
        "12345 Springfield, IL",
        "United States",
        "Tax ID 12-345",
    ]
    assert BillingDetails(name="Ann", country="PL").lines() == ["Ann", "Poland"]
    assert BillingDetails().lines() == []
    assert not BillingDetails().given
    assert BillingDetails(tax_id="1").given


def test_an_invoice_needs_more_than_what_every_payment_brings() -> None:
    assert FULL.has_address
    assert not BillingDetails(name="Ann", country="US").has_address
    assert not BillingDetails(line1="1 Long Lane").has_address
    assert BillingDetails(name="Ann", country="US", tax_id="12-345").has_address


def test_details_survive_the_way_through_an_order() -> None:
    order = Order()
    write_billing(order, FULL)
    assert billing_of(order) == FULL
    write_billing(order, BillingDetails())
    assert order.billing_name is None
    assert billing_of(order) == BillingDetails()


def test_they_keep_out_of_logs() -> None:
    assert "Ann" not in repr(FULL)
    assert "Long Lane" not in repr(FULL)


def test_every_country_has_two_letters_and_a_name() -> None:
    assert len(COUNTRIES) == 249
    assert all(len(code) == 2 and code.isupper() and name for code, name in BY_NAME)
