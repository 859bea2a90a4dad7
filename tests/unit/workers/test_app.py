"""What a worker does before its first listing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from workers import app
from workers.search import index
from workers.tasks import verification


def ready(*queues: str) -> None:
    chosen = SimpleNamespace(consume_from=dict.fromkeys(queues))
    sender = SimpleNamespace(
        app=SimpleNamespace(amqp=SimpleNamespace(queues=chosen)), hostname="w@1"
    )
    app._warm_up(sender)


@pytest.mark.parametrize(
    ("queue", "warmed"),
    [
        ("default", []),
        ("evidence", ["index"]),
        ("engine.openai", ["index"]),
        ("engine.diffusers", ["index", "model of w@1"]),
    ],
)
def test_a_worker_warms_up_what_its_queue_needs(
    queue: str, warmed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(app, "services", lambda: None)
    monkeypatch.setattr(index, "warm_up", lambda parts: done.append("index"))
    monkeypatch.setattr(verification, "warm_up", lambda name: done.append(f"model of {name}"))
    ready(queue)
    assert done == warmed


def test_an_index_that_cannot_be_filled_stops_no_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(parts: object) -> None:
        raise ConnectionError("host and password")

    monkeypatch.setattr(app, "services", lambda: None)
    monkeypatch.setattr(index, "warm_up", fail)
    ready("evidence")
    assert "the copy index is not ready: ConnectionError" in caplog.text
    assert "password" not in caplog.text
