"""The moderators' queue and case page with 50,000 open cases: server time per page.

    python -m bench.desk [--cases 50000] [--requests 200]

A throw-away PostgreSQL is filled by SQL, decided cases included; every page is asked for as a
browser would, through the whole application. Last line: one JSON object; the goal is 100 ms at p99.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bench.search.shop import services_over
from local.ports import free_port
from local.postgres import Postgres
from marketplace.accounts.models import User
from marketplace.accounts.operations import create_user, grant_role
from marketplace.core import migrate
from marketplace.core.container import Services
from marketplace.core.garbage import set_loaded_aside
from marketplace.core.permissions import Role
from marketplace.core.unit_of_work import unit_of_work
from marketplace.factory import create_app
from marketplace.listings.catalogue import load_catalogue
from marketplace.moderation import operations
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState, Lane
from marketplace.policy import POLICY_VERSION, Finding, Severity

PROMPT = "[animal] carved from jade on a [ground: moss | slate], soft light, Pikachu in a corner"
GOAL_MS = 100
SELLERS = 800
FOLDER = Path(__file__).parent / "desk_rows.sql"


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--requests", type=int, default=200)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        server = Postgres(Path(name) / "postgres", free_port(), durable=False)
        server.start()
        try:
            migrate.upgrade(server.url())
            parts = services_over(server.url(), Path(name))
            moderator_id = fill(parts, wanted.cases)
            measure(parts, moderator_id, wanted.requests, wanted.cases)
        finally:
            server.stop()


def fill(parts: Services, cases: int) -> str:
    """Open cases, half as many decided ones, and their evidence; returns the moderator's id."""
    began = time.perf_counter()
    finding = Finding(
        "THIRD_PARTY_IP", Severity.HARD, "template", (61, 68), "Names “Pikachu”, a character.",
        "Describe what the figure looks like instead.", "names.character",
    )  # fmt: skip
    details = {"span": [61, 68], "explanation": finding.explanation, "fix": finding.fix}
    with unit_of_work(parts.database) as session:
        load_catalogue(session)
        # Rows as the site would have written them; what guards its steps is not measured here.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("SET LOCAL statement_timeout = 0"))
        values = {
            "open": cases,
            "all": cases + cases // 2,
            "sellers": SELLERS,
            "policy": POLICY_VERSION,
            "prompt": parts.vault.seal(PROMPT),
            "details": parts.vault.seal(json.dumps(details)),
            "variables": json.dumps(
                [
                    {"name": "animal", "key": "animal", "default": None, "choices": []},
                    {"name": "ground", "key": "ground", "default": "moss",
                     "choices": ["moss", "slate"]},
                ]
            ),
        }  # fmt: skip
        for statement in FOLDER.read_text().split(";"):
            if statement.strip():
                session.execute(text(statement), values)
        moderator = create_user(session, "desk@bracket.example", "!", "Desk")
        grant_role(session, moderator, Role.MODERATOR)
        moderator_id = moderator.id
    with parts.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in ("SET statement_timeout = 0", "VACUUM ANALYZE"):
            connection.execute(text(statement))
    print(f"{cases} open cases in {time.perf_counter() - began:.0f} s")
    return str(moderator_id)


def measure(parts: Services, moderator_id: str, requests: int, cases: int) -> None:
    """Time the queue's tabs, pages deep in them, and cases before and after they are claimed."""
    app = create_app(services=parts)
    app.config.update(WTF_CSRF_ENABLED=False)
    client = _logged_in(app, parts, moderator_id)
    set_loaded_aside()  # as a web process that serves
    draw = random.Random(7)
    with unit_of_work(parts.database) as session:
        open_ids = _open_ids(session, requests)
    tabs = ["waiting", *(lane.value for lane in Lane), "mine", "decided"]

    def some_queue(number: int) -> str:
        page = draw.choice([1, 1, 1, 2, draw.randint(1, cases // 30)])
        order = draw.choice(["age", "risk"])
        return f"/moderate?tab={tabs[number % len(tabs)]}&order={order}&page={page}"

    queue = _times(client, requests, some_queue)
    looked = _times(client, requests, lambda number: f"/moderate/{open_ids[number]}")
    with unit_of_work(parts.database) as session:
        moderator = session.get_one(User, moderator_id)
        for case_id in open_ids:
            operations.claim(session, case_id, moderator)
    claimed = _times(client, requests, lambda number: f"/moderate/{open_ids[number]}")
    taken = _times_of_next(client, min(requests, 50))
    for name, times in (("queue", queue), ("case", looked), ("claimed case", claimed),
                        ("take the next", taken)):  # fmt: skip
        print(f"{name:<14} p50 {_at(times, 0.5):6.1f} ms   p99 {_at(times, 0.99):6.1f} ms")
    print(
        json.dumps(
            {
                "open_cases": cases,
                "queue_p99_ms": round(_at(queue, 0.99), 1),
                "case_p99_ms": round(max(_at(looked, 0.99), _at(claimed, 0.99)), 1),
                "next_p99_ms": round(_at(taken, 0.99), 1),
                "goal_ms": GOAL_MS,
            }
        )
    )


def _open_ids(session: Session, number: int) -> list[str]:
    query = select(Case.id).where(Case.state == CaseState.OPEN).order_by(Case.id).limit(number)
    return list(session.scalars(query))


def _logged_in(app: Flask, parts: Services, moderator_id: str) -> FlaskClient:
    with unit_of_work(parts.database) as session:
        key = session.get_one(User, moderator_id).fs_uniquifier
    client = app.test_client()
    with client.session_transaction() as cookies:
        cookies["_user_id"], cookies["_fresh"] = key, True
        cookies["fs_cc"], cookies["identity.id"] = "set", key
    return client


def _times(client: FlaskClient, number: int, address: Callable[[int], str]) -> list[float]:
    """Milliseconds per page; the first few are left out, they load templates."""
    times = []
    for turn in range(-3, number):
        path = address(max(turn, 0))
        began = time.perf_counter()
        answer = client.get(path)
        took = 1000 * (time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        if turn >= 0:
            times.append(took)
    return times


def _times_of_next(client: FlaskClient, number: int) -> list[float]:
    """Milliseconds from the wish for the next case to its page, both requests together."""
    times = []
    for _ in range(number):
        began = time.perf_counter()
        answer = client.post("/moderate/next", data={"tab": "waiting"}, follow_redirects=True)
        times.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"next: {answer.status_code}")
    return times


def _at(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    main()
