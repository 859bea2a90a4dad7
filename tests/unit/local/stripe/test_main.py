"""The program itself: refusals, stopping at TERM, and a state that outlives it."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
import requests

from local.stripe.__main__ import main
from local.stripe.config import EmulatorConfig, UnsafeConfiguration, parse_endpoint
from local.stripe.store import Store
from tests.unit.local.stripe.sink import (
    API_KEY,
    PLATFORM_SECRET,
    client_for,
    eventually,
    pay,
    session_params,
)


@contextmanager
def running(state, port, *more):
    command = [sys.executable, "-m", "local.stripe", "--port", str(port), "--state", str(state)]
    with subprocess.Popen(
        [*command, "--api-key", API_KEY, *more],
        env=os.environ | {"BRACKET_ENV": "test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        base = f"http://127.0.0.1:{port}"
        try:
            assert eventually(lambda: answers(base), 120)
            yield base, process
        finally:
            process.kill()


def answers(base):
    try:
        return requests.get(f"{base}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def test_everything_survives_a_restart_and_webhooks_wait(tmp_path, free_port, sink):
    with running(tmp_path, free_port, "--webhook", "http://127.0.0.1:9/=whsec_x") as (
        base,
        process,
    ):
        with client_for(base) as client:
            session = client.v1.checkout.sessions.create(
                session_params(), {"idempotency_key": "once"}
            )
            assert pay(session.url).status_code == 303
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        # Not even a refused delivery may show what was in it.
        assert "Traceback" not in output
        assert session.id not in output
    webhook = f"{sink.url}/platform={PLATFORM_SECRET}"
    with (
        running(tmp_path, free_port, "--webhook", webhook) as (base, _),
        client_for(base) as client,
    ):
        again = client.v1.checkout.sessions.retrieve(session.id)
        assert again.payment_status == "paid"
        assert eventually(lambda: "checkout.session.completed" in sink.types(), 10)
        received = sink.received[0]
        assert client.construct_event(received.body, received.signature, PLATFORM_SECRET)


def test_killed_without_warning_it_keeps_what_it_answered(tmp_path, free_port):
    with running(tmp_path, free_port) as (base, process), client_for(base) as client:
        session = client.v1.checkout.sessions.create(session_params())
        process.kill()
        process.wait()
    store = Store(tmp_path)
    assert store.find(session.id)["status"] == "open"
    store.close()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--api-key", "sk_live_x"], "sk_test_"),
        (["--api-key", API_KEY, "--host", "0.0.0.0"], "loopback"),
        (["--api-key", API_KEY, "--webhook", "https://example.com/=s"], "not on this machine"),
        (["--api-key", API_KEY, "--webhook", "http://127.0.0.1/hook"], "URL=SECRET"),
    ],
)
def test_it_refuses_to_be_unsafe(tmp_path, capsys, more, says):
    status = main(["--port", "0", "--state", str(tmp_path), *more])
    assert status == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_it_refuses_production(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("BRACKET_ENV", "production")
    assert main(["--port", "0", "--state", str(tmp_path), "--api-key", API_KEY]) == 2
    assert "production" in capsys.readouterr().err


def test_a_taken_port_is_one_sentence(tmp_path, emulator, capsys):
    port = str(emulator.world.base_url.rpartition(":")[2])
    assert main(["--port", port, "--state", str(tmp_path / "two"), "--api-key", API_KEY]) == 2
    assert "it is in use" in capsys.readouterr().err


def test_an_endpoints_address_may_hold_an_equals_sign():
    endpoint = parse_endpoint("http://127.0.0.1:1/x?a=b=whsec_1", "platform-0", connect=False)
    assert (endpoint.url, endpoint.secret) == ("http://127.0.0.1:1/x?a=b", "whsec_1")


def test_an_empty_secret_is_refused(tmp_path):
    endpoint = parse_endpoint("http://127.0.0.1:1/= ", "platform-0", connect=False)
    with pytest.raises(UnsafeConfiguration, match="empty secret"):
        EmulatorConfig(state_dir=tmp_path, api_key=API_KEY, endpoints=(endpoint,))
