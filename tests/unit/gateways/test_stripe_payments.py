"""The Stripe gateway: what it sends, how it retries, and how it sorts what comes back."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
import stripe

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.gateways import stripe_account_reading as accounts
from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payments import (
    CheckoutItem,
    CheckoutRequest,
    PaymentError,
    PaymentUnavailableError,
    TransfersStatus,
    WebhookRejectedError,
)
from marketplace.gateways.stripe_payments import StripePayments
from tests.fixtures.buying import API_KEY, CONNECT_SECRET, PLATFORM_SECRET, Bank, signed


def gateway(base: str, key: str = API_KEY, secret: str = PLATFORM_SECRET) -> StripePayments:
    return StripePayments(key, base, secret, CONNECT_SECRET, livemode=False)


def request_for(order_id: str, cents: int = 299) -> CheckoutRequest:
    return CheckoutRequest(
        order_id=order_id,
        attempt=1,
        buyer_email="buyer@example.com",
        items=(CheckoutItem(new_id(), "Paper fox", Money(cents)),),
        success_url="http://localhost/checkout/done?sid={CHECKOUT_SESSION_ID}",
        cancel_url="http://localhost/checkout/cancelled",
        expires_at=now() + timedelta(minutes=40),
    )


class Scripted:
    """A loopback server that answers with given statuses and remembers what was asked."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                scripted.requests.append((self.command, self.path, dict(self.headers), body))
                status = scripted.statuses.pop(0) if scripted.statuses else 500
                code = {"code": "some_code", "message": "no: buyer@example.com", "type": "x"}
                answer = json.dumps({"error": code}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def scripted() -> Iterator[Any]:
    made: list[Scripted] = []

    def make(*statuses: int) -> Scripted:
        made.append(Scripted(*statuses))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (503, 3), (409, 3), (429, 1), (401, 1)])
def test_what_may_be_asked_again_keeps_its_key(scripted: Any, status: int, tries: int) -> None:
    server = scripted(*[status] * 9)
    order_id = new_id()
    with pytest.raises(PaymentUnavailableError):
        gateway(server.url).create_checkout(request_for(order_id))
    keys = {headers["Idempotency-Key"] for _, _, headers, _ in server.requests}
    assert keys == {f"checkout-order-{order_id}-1"}
    assert len(server.requests) == tries


@pytest.mark.parametrize("status", [400, 402, 403, 404])
def test_a_definite_no_is_asked_once_and_carries_the_code(
    scripted: Any, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = scripted(status)
    with pytest.raises(PaymentError) as refusal:
        gateway(server.url).create_transfer("line1", 2, Money(239), "acct_1", "ch_1", "order1")
    assert refusal.value.code == "some_code"
    ((_, _, headers, body),) = server.requests
    assert headers["Idempotency-Key"] == "transfer-line-line1-2"
    assert b"application_fee" not in body
    # Neither the key nor what Stripe's message quotes may reach a log.
    assert "buyer@example.com" not in caplog.text + str(refusal.value)
    assert API_KEY not in caplog.text


def test_a_closed_port_is_no_refusal() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(PaymentUnavailableError):
        gateway(f"http://127.0.0.1:{port}").retrieve_checkout("cs_1")


def test_keys_are_not_shown() -> None:
    made = gateway("http://127.0.0.1:9")
    assert API_KEY not in repr(made)
    assert stripe.enable_telemetry is False


def test_a_checkout_as_the_emulator_validates_it(bank: Bank) -> None:
    payments, request = gateway(bank.url), request_for(new_id())
    opened = payments.create_checkout(request)
    assert (opened.status, opened.paid, opened.amount) == ("open", False, Money(299))
    assert (opened.order_id, opened.livemode) == (request.order_id, False)
    assert payments.create_checkout(request) == opened
    assert opened.url is not None
    bank.pay(opened.url)
    paid = payments.retrieve_checkout(opened.session_id)
    assert (paid.status, paid.paid, paid.fee) == ("complete", True, Money(39))
    assert paid.charge_id is not None
    assert paid.charge_id.startswith("ch_")


def test_a_declined_card_is_no_charge(bank: Bank) -> None:
    payments = gateway(bank.url)
    opened = payments.create_checkout(request_for(new_id()))
    bank.pay(str(opened.url), card="4000000000000002")
    seen = payments.retrieve_checkout(opened.session_id)
    assert (seen.status, seen.paid, seen.charge_id, seen.fee) == ("open", False, None, None)


def test_expiring_tells_what_is_true_now(bank: Bank) -> None:
    payments = gateway(bank.url)
    opened = payments.create_checkout(request_for(new_id()))
    assert payments.expire_checkout(opened.session_id).status == "expired"
    assert payments.expire_checkout(opened.session_id).status == "expired"
    other = payments.create_checkout(request_for(new_id()))
    bank.pay(str(other.url))
    assert payments.expire_checkout(other.session_id).paid


def test_the_same_key_with_other_words_is_a_definite_no(bank: Bank) -> None:
    payments, order_id = gateway(bank.url), new_id()
    payments.create_checkout(request_for(order_id, 299))
    with pytest.raises(PaymentError):
        payments.create_checkout(request_for(order_id, 199))


def test_accounts_from_opening_to_readiness(bank: Bank) -> None:
    payments, seller_id = gateway(bank.url), new_id()
    account = payments.create_seller_account(seller_id, "s@example.com", "Paper Fox")
    assert payments.create_seller_account(seller_id, "s@example.com", "Paper Fox") == account
    assert payments.transfers_status(account) is TransfersStatus.ONBOARDING
    link = payments.onboarding_url(account, "http://localhost/back", "http://localhost/again")
    assert link.startswith(bank.url)
    bank.set_account(account, "active")
    assert payments.transfers_status(account) is TransfersStatus.ACTIVE


def test_transfers_are_found_by_their_line(bank: Bank) -> None:
    payments, request, line_id = gateway(bank.url), request_for(new_id()), new_id()
    account = payments.create_seller_account(new_id(), "s@example.com", "Paper Fox")
    bank.set_account(account, "active")
    opened = payments.create_checkout(request)
    bank.pay(str(opened.url))
    charge = str(payments.retrieve_checkout(opened.session_id).charge_id)
    assert payments.find_transfer(request.order_id, line_id) is None
    made = payments.create_transfer(line_id, 1, Money(239), account, charge, request.order_id)
    assert payments.find_transfer(request.order_id, line_id) == made
    assert payments.find_transfer(request.order_id, new_id()) is None


def account_with(status: str | None, *resolutions: str, closed: bool = False) -> Any:
    details = [SimpleNamespace(code="x", resolution=one) for one in resolutions]
    capability = SimpleNamespace(status=status, status_details=details)
    balance = SimpleNamespace(stripe_transfers=capability)
    recipient = SimpleNamespace(capabilities=SimpleNamespace(stripe_balance=balance))
    return SimpleNamespace(closed=closed, configuration=SimpleNamespace(recipient=recipient))


@pytest.mark.parametrize(
    ("account", "status"),
    [
        (account_with("active"), TransfersStatus.ACTIVE),
        (account_with("pending"), TransfersStatus.PENDING),
        (account_with("restricted", "provide_info"), TransfersStatus.ONBOARDING),
        (account_with("restricted", "contact_stripe"), TransfersStatus.RESTRICTED),
        (account_with("restricted"), TransfersStatus.RESTRICTED),
        (account_with("rejected"), TransfersStatus.REJECTED),
        (account_with("unsupported"), TransfersStatus.REJECTED),
        (account_with("invented_later"), TransfersStatus.RESTRICTED),
        (account_with("active", closed=True), TransfersStatus.REJECTED),
        (SimpleNamespace(closed=None, configuration=None), TransfersStatus.NONE),
    ],
)
def test_only_an_active_capability_is_ready(account: Any, status: TransfersStatus) -> None:
    assert accounts.transfers_status(account) is status


def test_unknown_checkout_statuses_change_nothing() -> None:
    session = SimpleNamespace(
        id="cs_1", status="on_the_moon", payment_status="half", amount_total=1, currency="usd"
    )
    read = reading.checkout_session(session)
    assert (read.status, read.paid, read.charge_id, read.order_id) == ("open", False, None, None)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": "charge.updated",
        "livemode": False,
        "created": 1_700_000_000,
        "data": {"object": {"id": "ch_1"}},
    } | changes


@pytest.mark.parametrize("number", [0, 1])
def test_two_secrets_are_good_while_one_is_replaced(number: int) -> None:
    secrets = ["whsec_old", "whsec_new"]
    payments = gateway("http://127.0.0.1:9", secret=" , ".join(secrets))
    body, header = signed(event(), secrets[number])
    read = payments.read_webhook(body, header, connect=False)
    assert (read.event_id, read.object_id, read.account) == ("evt_1", "ch_1", None)


def test_a_webhook_must_be_fresh_signed_ours_and_of_our_mode() -> None:
    payments = gateway("http://127.0.0.1:9")
    good = signed(event())
    for body, header, connect in (
        (good[0], good[1], True),
        (good[0] + b" ", good[1], False),
        (*signed(event(), at=int(time.time()) - 301), False),
        (*signed(event(livemode=True)), False),
        (*signed(event(object="v2.core.event")), False),
        (*signed({}), False),
        (b"[]", signed([])[1], False),  # type: ignore[arg-type]
        (b"\xff", good[1], False),
    ):
        with pytest.raises(WebhookRejectedError):
            payments.read_webhook(body, header, connect)
    assert payments.read_webhook(*good, connect=False).type == "charge.updated"
