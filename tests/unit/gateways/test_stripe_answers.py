"""What the gateway does about servers that fail, hang or refuse: who is asked again, and how."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.gateways import stripe_client
from marketplace.gateways.payments import KEY_REUSED, PaymentError, PaymentUnavailableError
from tests.fixtures.buying import API_KEY
from tests.unit.gateways.calls import gateway, request_for

HANG = 0


class Scripted:
    """A loopback server that answers with given statuses and remembers what was asked."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.error = {"code": "some_code", "message": "no: buyer@example.com", "type": "x"}
        self.let_go = threading.Event()
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                scripted.requests.append((self.command, self.path, dict(self.headers), body))
                status = scripted.statuses.pop(0) if scripted.statuses else 500
                if status == HANG:
                    scripted.let_go.wait(60)
                    return
                answer = json.dumps({"error": scripted.error}).encode()
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
        self.let_go.set()
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


def test_a_server_that_hangs_is_given_up(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A buyer waits twenty seconds at most for one answer; the library alone would wait eighty."""
    assert stripe_client.TIMEOUTS == (3, 20)
    monkeypatch.setattr(stripe_client, "TIMEOUTS", (0.2, 0.2))
    server = scripted(HANG, HANG, HANG)
    began = time.monotonic()
    with pytest.raises(PaymentUnavailableError):
        gateway(server.url).retrieve_checkout("cs_1")
    assert time.monotonic() - began < 60
    assert len(server.requests) == 1 + stripe_client.RETRIES


@pytest.mark.parametrize(("status", "error"), [(400, PaymentError), (409, PaymentUnavailableError)])
def test_a_key_in_use_is_asked_again_and_a_key_misused_is_not(
    scripted: Any, status: int, error: type[Exception]
) -> None:
    server = scripted(*[status] * 3)
    server.error = {"type": "idempotency_error", "message": "the key …"}
    with pytest.raises(error) as refusal:
        gateway(server.url).create_transfer("line1", 1, Money(239), "acct_1", "ch_1", "order1")
    if status == 400:
        assert refusal.value.code == KEY_REUSED


def test_a_closed_port_is_no_refusal() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(PaymentUnavailableError):
        gateway(f"http://127.0.0.1:{port}").retrieve_checkout("cs_1")
