"""Helpers of the emulator's tests: a webhook receiver, clients, and the steps of a purchase."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
import stripe

API_KEY = "sk_test_0123456789abcdefghijklmn"
PLATFORM_SECRET = "whsec_platform"
CONNECT_SECRET = "whsec_connect"
GOOD_CARD = {"number": "4242 4242 4242 4242", "exp": "12 / 34", "cvc": "123", "name": "Ada Byron"}


@dataclass
class Received:
    """One webhook as it came in."""

    path: str
    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Sink:
    """Collects webhooks; answers with the next of `statuses`, then with 200."""

    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Sink:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.received.append(Received(self.path, body, self.headers["Stripe-Signature"]))
                self.send_response(sink.statuses.pop(0) if sink.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # A short poll, or every test would wait half a second at its end.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def types(self, path: str = "/platform") -> list[str]:
        """The types received so far at one endpoint, in order of arrival."""
        return [item.event["type"] for item in self.received if item.path == path]


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until a condition holds; False when it never did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@contextmanager
def client_for(base: str, key: str = API_KEY, **options: Any) -> Iterator[stripe.StripeClient]:
    """A client of the real library, with every address pointed at the emulator."""
    session = requests.Session()
    session.trust_env = False
    with session:
        yield stripe.StripeClient(
            key,
            http_client=stripe.RequestsClient(timeout=(3, 20), session=session),
            base_addresses={"api": base, "connect": base, "files": base, "meter_events": base},
            **({"max_network_retries": 2} | options),
        )


def session_params(**changes: Any) -> dict[str, Any]:
    """The parameters of a purchase of one listing for $1.99."""
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 199,
                    "product_data": {"name": "Paper-cut skies", "metadata": {"listing_id": "5"}},
                },
            }
        ],
        "allowed_payment_method_types": ["card"],
        "success_url": "http://127.0.0.1:9/done?sid={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/p/paper-cut",
        "client_reference_id": "order_1",
        "customer_email": "ada@example.com",
        "expires_at": int(time.time()) + 1800,
        "metadata": {"order_id": "1"},
        "payment_intent_data": {
            "transfer_group": "order_1",
            "metadata": {"order_id": "1"},
            "statement_descriptor_suffix": "PROMPTS",
        },
        "integration_identifier": "cart_abcdefgh",
    }
    return params | changes


def account_params(**changes: Any) -> dict[str, Any]:
    """The parameters of a seller's account, as the application sends them."""
    capabilities = {"stripe_balance": {"stripe_transfers": {"requested": True}}}
    params: dict[str, Any] = {
        "contact_email": "seller@example.com",
        "display_name": "Fox & Paper",
        "dashboard": "express",
        "identity": {"country": "us"},
        "configuration": {"recipient": {"capabilities": capabilities}},
        "defaults": {
            "responsibilities": {
                "fees_collector": "application",
                "losses_collector": "application",
            }
        },
        "metadata": {"seller_id": "7"},
    }
    return params | changes


def post(url: str, **fields: str) -> requests.Response:
    """Press a button of a hosted page."""
    return requests.post(url, data=fields, allow_redirects=False, timeout=60)


def pay(url: str, **changes: str) -> requests.Response:
    """Fill in the card form of a checkout page and press Pay."""
    return post(url, **GOOD_CARD | {"pay": "card"} | changes)


def activate(client: stripe.StripeClient, account_id: str) -> requests.Response:
    """Go through onboarding as a seller does."""
    link = client.v2.core.account_links.create(
        {
            "account": account_id,
            "use_case": {
                "type": "account_onboarding",
                "account_onboarding": {
                    "refresh_url": "http://127.0.0.1:9/again",
                    "return_url": "http://127.0.0.1:9/back",
                },
            },
        }
    )
    return post(link.url, activate="yes")


def active_account(client: stripe.StripeClient) -> str:
    """The id of a new account that can be paid."""
    account = client.v2.core.accounts.create(account_params())
    activate(client, account.id)
    return account.id


def paid_charge(client: stripe.StripeClient, **changes: Any) -> str:
    """The id of the charge of a new purchase, paid by card."""
    session = client.v1.checkout.sessions.create(session_params(**changes))
    assert session.url
    assert pay(session.url).status_code == 303
    settled = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    charge: str = settled.payment_intent.latest_charge
    return charge
