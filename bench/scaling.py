"""Do workers scale by starting more of them? Three on two queues, beside one on both.

    python -m bench.scaling [--runs 4] [--step-seconds 0.1]

Starts PostgreSQL and Valkey of its own on loopback and real Celery workers whose model sleeps
instead of computing (bench/scaling_worker.py), so that two cores are enough to see it. Prints the
throughput of each worker; last line: one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import func, select

from bench.scaling_shop import ENGINES, SAMPLES, STEPS, make_listing, make_shop
from local.ports import free_port
from local.postgres import Postgres
from local.valkey import Valkey
from marketplace.core import migrate
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.celery_queue import make_celery
from marketplace.settings import load_settings
from marketplace.task_names import TaskName, queue_of_engine
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunState, Verdict
from marketplace.wiring import build_services

ALONE = {"alone": ENGINES}
TOGETHER = {"first": ENGINES[:1], "second": ENGINES[:1], "third": ENGINES[1:]}
SHARES = {"diffusers": 2, "second": 1}
"""Runs for each worker of TOGETHER: twice as many where two work."""


def environment(folder: Path, database: str, broker: str, step_seconds: float) -> dict[str, str]:
    """Settings of the workers: the same on any machine that reaches these addresses."""
    return {
        "BRACKET_ENV": "test",
        "PUBLIC_URL": "http://localhost",
        "SECRET_KEY": "x" * 32,
        "DATABASE_URL": database,
        "BROKER_URL": broker,
        "BLOBS_URL": f"file://{folder}/blobs",
        "MAIL_URL": "smtp://127.0.0.1:9",
        "STRIPE_API_KEY": "sk_test_bench",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "STRIPE_WEBHOOK_SECRET": "whsec_one",
        "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_two",
        "PROMPT_KEYS": Fernet.generate_key().decode(),
        "PROOF_SIGNING_KEY": Fernet.generate_key().decode().replace("-", "+").replace("_", "/"),
        "HOUSE_MODEL_DIR": "house_model/weights",
        "BENCH_STEP_SECONDS": str(step_seconds),
    }


@contextmanager
def workers(names: Mapping[str, tuple[str, ...]], settings: dict[str, str]) -> Iterator[None]:
    """Celery workers by name, each serving the queues of its engines; ready when this yields."""
    processes = []
    for name, engines in names.items():
        queues = ",".join(queue_of_engine(engine) for engine in engines)
        command = ["celery", "-A", "bench.scaling_worker", "--quiet", "worker", "-Q", queues]
        options = ["-n", f"{name}@%h", "--pool", "solo", "--without-mingle", "-l", "WARNING"]
        variables = {**os.environ, **settings, "BENCH_WORKER": name, "OMP_WAIT_POLICY": "PASSIVE"}
        processes.append(
            subprocess.Popen([sys.executable, "-m", *command, *options], env=variables)
        )
    try:
        app = make_celery(settings["BROKER_URL"])
        deadline = time.monotonic() + 300
        while len(app.control.ping(timeout=2) or []) < len(names):
            if time.monotonic() > deadline:
                raise SystemExit("the workers do not answer")
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)


def measure(
    parts: Services,
    settings: dict[str, str],
    seller: str,
    names: Mapping[str, tuple[str, ...]],
    runs: int,
) -> tuple[float, Counter[str]]:
    """Seconds for all runs of both queues, and how many each worker did."""
    label = "-".join(names)
    with workers(names, settings):
        # A worker's first run compiles its search and loads the catalogue; all have theirs now.
        _do(parts, seller, f"{label}-first", 1)
        started = time.monotonic()
        ids = _do(parts, seller, label, runs)
        seconds = time.monotonic() - started
    with unit_of_work(parts.database) as session:
        done = session.scalars(
            select(VerificationRun).where(VerificationRun.version_id.in_(ids))
        ).all()
        assert all(run.verdict is Verdict.REPRODUCED and run.attempts == 1 for run in done)
        assert all(run.evaluations == 2 * STEPS * SAMPLES for run in done), "nothing done twice"
        shares = Counter(str((run.provenance or {})["device"]) for run in done)
    return seconds, shares


def _do(parts: Services, seller: str, label: str, runs: int) -> list[str]:
    """Submit listings to both queues and wait for them; their versions' ids."""
    with unit_of_work(parts.database) as session:
        versions = [
            (make_listing(session, parts, seller, engine, f"{label}-{engine}-{number}"), engine)
            for engine in ENGINES
            for number in range(runs * SHARES[engine])
        ]
    for version_id, engine in versions:
        parts.queue.send(TaskName.VERIFY_LISTING, version_id, to=queue_of_engine(engine))
    ids = [version_id for version_id, _ in versions]
    while _unfinished(parts, ids):
        time.sleep(0.2)
    return ids


def _unfinished(parts: Services, version_ids: list[str]) -> int:
    with unit_of_work(parts.database) as session:
        failed = select(VerificationRun.error_code).where(VerificationRun.error_code.is_not(None))
        if code := session.scalar(failed.limit(1)):
            raise SystemExit(f"a run failed: {code}")
        query = select(func.count()).where(
            VerificationRun.version_id.in_(version_ids),
            VerificationRun.state.in_([RunState.QUEUED, RunState.RUNNING]),
        )
        return session.scalar(query) or 0


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=4, help="runs for each of the three workers")
    options.add_argument("--step-seconds", type=float, default=0.1)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="bracket-scaling-") as name:
        folder = Path(name)
        postgres = Postgres(folder / "postgres", free_port(), durable=False)
        valkey = Valkey(folder / "valkey", free_port(), durable=False)
        postgres.start()
        valkey.start()
        try:
            migrate.upgrade(postgres.url("postgres"))
            _report(folder, postgres.url("postgres"), valkey.url(), chosen)
        finally:
            valkey.stop()
            postgres.stop()


def _report(folder: Path, database: str, broker: str, chosen: argparse.Namespace) -> None:
    settings = environment(folder, database, broker, chosen.step_seconds)
    parts = build_services(load_settings(settings))
    with unit_of_work(parts.database) as session:
        seller = make_shop(session)
    total = chosen.runs * sum(SHARES.values())
    alone, _ = measure(parts, settings, seller, ALONE, chosen.runs)
    print(f"1 worker on 2 queues: {total} runs in {alone:.1f} s, {60 * total / alone:.1f} a minute")
    together, shares = measure(parts, settings, seller, TOGETHER, chosen.runs)
    print(
        f"3 workers on 2 queues: {total} runs in {together:.1f} s, "
        f"{60 * total / together:.1f} a minute"
    )
    each = {name: 60 * count / together for name, count in sorted(shares.items())}
    for name, rate in each.items():
        print(f"  {name}: {rate:.1f} runs a minute")
    parts.database.dispose()
    result = {
        "workers": len(TOGETHER),
        "queues": len(ENGINES),
        "runs": total,
        "alone_per_minute": round(60 * total / alone, 2),
        "together_per_minute": round(60 * total / together, 2),
        "per_worker_per_minute": {name: round(rate, 2) for name, rate in each.items()},
        "times_one_worker": round(alone / together, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
