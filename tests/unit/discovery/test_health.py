"""Health checks name what is down."""

from __future__ import annotations

import dataclasses

from flask.testing import FlaskClient

from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.task_queue import RecordingQueue
from marketplace.discovery.health import part_states


class SilentQueue(RecordingQueue):
    def answers(self) -> bool:
        return False


class BrokenQueue(RecordingQueue):
    def answers(self) -> bool:
        raise OSError("connection refused")


def test_a_living_process_is_healthy(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_is_ready_when_all_parts_answer(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "down": [],
        "parts": {"database": "ok", "broker": "ok", "blobs": "ok"},
        "workers": {"serving": 0, "withdrawn": 0},
    }


def test_what_does_not_answer_is_named(client: FlaskClient, services: Services) -> None:
    blobs = services.blobs.root  # type: ignore[attr-defined]
    blobs.rename(blobs.with_name("away"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["down"] == ["blobs"]


def test_refusals_and_errors_both_count_as_down(services: Services) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    for queue in (SilentQueue(), BrokenQueue()):
        states = part_states(dataclasses.replace(services, queue=queue, database=away))
        assert states == {"database": "down", "broker": "down", "blobs": "ok"}
