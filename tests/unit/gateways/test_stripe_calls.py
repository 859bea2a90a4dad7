"""The gateway's further calls: each parameter is one of the pinned library's, each key a row's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local.stripe import accounts
from local.stripe.config import EmulatorConfig
from local.stripe.inprocess import InProcess
from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.gateways.payments import (
    CheckoutItem,
    CheckoutRequest,
    PaymentError,
    PayoutSchedule,
    TransfersStatus,
)
from marketplace.gateways.stripe_payments import StripePayments
from tests.fixtures.buying import API_KEY, CONNECT_SECRET, PLATFORM_SECRET

LIFETIME = timedelta(minutes=40)
POST_REFUND = ("post", "v1/refunds")


class Recorder:
    """The emulator's transport, which remembers the keys and paths of what was sent."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.sent: list[tuple[str, str, str | None, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def request_with_retries(
        self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any
    ) -> Any:
        path = url.partition("//")[2].partition("/")[2]
        self.sent.append((method, path, headers.get("Idempotency-Key"), post_data))
        return self.inner.request_with_retries(method, url, headers, post_data, **more)


@pytest.fixture
def bank() -> Iterator[InProcess]:
    made = InProcess(EmulatorConfig(None, API_KEY, durable=False))
    yield made
    made.close()


@pytest.fixture
def transport(bank: InProcess) -> Recorder:
    return Recorder(bank.http)


@pytest.fixture
def gateway(bank: InProcess, transport: Recorder) -> StripePayments:
    base = bank.world.base_url
    return StripePayments(
        API_KEY, base, PLATFORM_SECRET, CONNECT_SECRET, False, "whsec_v2", transport
    )


def request_for(**choices: bool) -> CheckoutRequest:
    """A checkout of $2.99."""
    return CheckoutRequest(
        order_id=new_id(),
        attempt=1,
        buyer_email="buyer@example.com",
        items=(CheckoutItem(new_id(), "Paper fox", Money(299)),),
        success_url="http://localhost/done",
        cancel_url="http://localhost/cancelled",
        expires_at=now().replace(microsecond=0) + LIFETIME,
        **choices,
    )


def charge(gateway: StripePayments, bank: InProcess) -> Any:
    """The same, paid."""
    session = gateway.create_checkout(request_for())
    bank.pay(session.session_id)
    return gateway.retrieve_checkout(session.session_id)


def account(gateway: StripePayments, bank: InProcess) -> str:
    made = gateway.create_seller_account(new_id(), "s@example.com", "Paper Fox")
    accounts.set_status(bank.world, made, "active")
    return made


def test_a_refund_carries_its_rows_key_and_is_found_again(
    gateway: StripePayments, bank: InProcess, transport: Recorder
) -> None:
    paid = charge(gateway, bank)
    made = [
        gateway.create_refund("row1", 1, paid.charge_id, Money(100), "duplicate", {"line_id": "l"})
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert (made[0].status, made[0].row_id, made[0].taken) == ("succeeded", "row1", True)
    assert gateway.find_refund(paid.charge_id, "row1") == made[0]
    assert gateway.find_refund(paid.charge_id, "row2") is None
    with pytest.raises(PaymentError):
        gateway.create_refund("row1", 2, paid.charge_id, Money(300), "duplicate", {})
    keys = [key for method, path, key, _ in transport.sent if (method, path[:10]) == POST_REFUND]
    assert keys == ["refund-row1", "refund-row1", "refund-row1-2"]
    facts = gateway.retrieve_charge(paid.charge_id)
    assert (facts.refunded, facts.refund_ids) == (Money(100), (made[0].refund_id,))


def test_a_reversal_is_found_again_and_never_exceeds_its_transfer(
    gateway: StripePayments, bank: InProcess
) -> None:
    paid, seller = charge(gateway, bank), account(gateway, bank)
    sent = gateway.create_transfer("l1", 1, Money(239), seller, paid.charge_id, paid.order_id)
    back = gateway.create_reversal("r1", 1, sent.transfer_id, Money(100), "l1")
    assert gateway.find_reversal(sent.transfer_id, "r1") == back
    assert gateway.find_reversal(sent.transfer_id, "r2") is None
    with pytest.raises(PaymentError):
        gateway.create_reversal("r2", 1, sent.transfer_id, Money(140), "l1")
    found = gateway.find_transfer(paid.order_id, "l1", 1)
    assert found is not None
    assert (found.amount, found.reversed_cents) == (Money(239), 100)
    assert gateway.find_transfer(paid.order_id, "l1", 2) is None


def test_a_key_used_for_something_else_is_a_definite_no(
    gateway: StripePayments, bank: InProcess
) -> None:
    paid = charge(gateway, bank)
    gateway.create_refund("row1", 1, paid.charge_id, Money(100), "duplicate", {})
    with pytest.raises(PaymentError):
        gateway.create_refund("row1", 1, paid.charge_id, Money(101), "duplicate", {})


def test_card_facts_and_no_more_are_read_from_the_charge(
    gateway: StripePayments, bank: InProcess
) -> None:
    paid = charge(gateway, bank)
    assert paid.card is not None
    assert (paid.card.brand, paid.card.last4, paid.card.country) == ("visa", "4242", "US")
    assert paid.card.fingerprint
    assert (paid.subtotal, paid.tax) == (Money(299), Money(0))


def test_a_sellers_account_says_what_is_missing(gateway: StripePayments, bank: InProcess) -> None:
    made = gateway.create_seller_account(new_id(), "s@example.com", "Paper Fox")
    found = gateway.seller_account(made)
    assert (found.status, found.closed) == (TransfersStatus.ONBOARDING, False)
    assert found.requirements
    assert all(one.name and one.waits_for_seller for one in found.requirements)
    for update in (False, True):
        assert gateway.onboarding_url(made, "http://a/b", "http://a/r", update).startswith("http")
    ready = account(gateway, bank)
    assert gateway.seller_account(ready).status is TransfersStatus.ACTIVE
    assert gateway.account_balance(ready).total == 0


def test_payout_schedules_are_set_and_read(gateway: StripePayments, bank: InProcess) -> None:
    seller = account(gateway, bank)
    for number, wanted in enumerate(
        [
            PayoutSchedule("manual"),
            PayoutSchedule("weekly", weekly_days=("friday",)),
            PayoutSchedule("monthly", monthly_days=(1,)),
        ]
    ):
        gateway.set_payout_schedule(seller, wanted, f"bs-{seller}-{number}")
        assert gateway.payout_schedule(seller) == wanted


def test_the_balance_is_the_sum_of_its_lines(gateway: StripePayments, bank: InProcess) -> None:
    paid = charge(gateway, bank)
    gateway.create_refund("row1", 1, paid.charge_id, Money(100), "duplicate", {})
    lines = list(gateway.balance_lines(None))
    assert [line.type for line in lines] == ["refund", "charge"]
    assert sum(line.net.cents for line in lines) == gateway.balance().total == 299 - 39 - 100
    assert {line.source_id for line in lines} == {paid.charge_id, gateway_refund(gateway, paid)}


def gateway_refund(gateway: StripePayments, paid: Any) -> str:
    return gateway.retrieve_charge(paid.charge_id).refund_ids[0]


@pytest.mark.parametrize(
    ("choice", "name"), [("secure", "request_three_d_secure"), ("automatic_tax", "automatic_tax")]
)
def test_3d_secure_and_tax_are_asked_for_only_on_request(
    gateway: StripePayments, transport: Recorder, choice: str, name: str
) -> None:
    for wanted in ({}, {choice: True}):
        gateway.create_checkout(request_for(**wanted))
        assert (name in str(transport.sent[-1][3])) is bool(wanted)
