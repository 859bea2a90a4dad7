"""The list of what one machine runs, in order: read it to know the stack."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.request import ProxyHandler, build_opener

from local.children import Child, Kind
from local.environment import ROOT, Addresses, Choices
from local.ports import HOST, answers
from local.postgres import Postgres
from local.process import Command
from local.valkey import Valkey

INFRASTRUCTURE, PREPARE, WEB, BACKGROUND = range(4)
# A worker finishes its task if that takes no longer; else SIGQUIT hands it back to the broker.
WORKER_STOPPING = ((signal.SIGTERM, 4.0), (signal.SIGQUIT, 1.0))
QUEUES = {
    "worker": ("default", ("--pool", "prefork", "--concurrency", "2")),
    # One at a time, in the worker's own process: the pipeline is loaded once.
    "engine": ("engine.diffusers,engine.openai,evidence", ("--pool", "solo")),
}


@dataclass(frozen=True)
class Stack:
    """The parts from which the children are made."""

    choices: Choices
    addresses: Addresses
    environment: Mapping[str, str]
    postgres: Postgres | None  # None: somebody else's database
    valkey: Valkey | None

    def children(self) -> list[Child]:
        """Everything, by tier."""
        prepare = Child("prepare", PREPARE, self._python("local.prepare"), Kind.STEP)
        children = [*self._infrastructure(), prepare, self._web(), *self._background()]
        if self.choices.demo:
            demo = self._python("flask", "--app", "app", "demo", "load")
            children.append(Child("demo", BACKGROUND, demo, Kind.ERRAND))
        return children

    def _infrastructure(self) -> list[Child]:
        children = []
        if self.postgres:
            children.append(_postgres_child(self.postgres))
        if self.valkey:
            valkey = self.valkey
            children.append(Child("valkey", INFRASTRUCTURE, valkey.command, ready=valkey.ready))
        ports, state = self.addresses, self.choices.state
        mail = [
            *("local.mail_catcher", "--smtp-port", str(ports.smtp)),
            *("--page-port", str(ports.mail_page), "--folder", str(state / "mail")),
        ]
        return [
            *children,
            Child("mail", INFRASTRUCTURE, self._python(*mail), ready=_answers(ports.mail_page)),
            Child("stripe", INFRASTRUCTURE, self._stripe(), ready=_answers(ports.stripe)),
        ]

    def _stripe(self) -> Callable[[], Command]:
        environment, site = self.environment, self.choices.site
        hook = f"{site}/webhooks/stripe={environment['STRIPE_WEBHOOK_SECRET']}"
        connect = f"{site}/webhooks/stripe-connect={environment['STRIPE_CONNECT_WEBHOOK_SECRET']}"
        thin = f"{site}/webhooks/stripe-v2={environment['STRIPE_V2_WEBHOOK_SECRET']}"
        return self._python(
            *("local.stripe", "--host", HOST, "--port", str(self.addresses.stripe)),
            *("--state", str(self.choices.state / "stripe")),
            *("--api-key", environment["STRIPE_API_KEY"]),
            *("--webhook", hook, "--connect-webhook", connect, "--thin-webhook", thin),
        )

    def _web(self) -> Child:
        serve = self._python(
            *("granian", "--interface", "wsgi", "--host", HOST, "--port", str(self.choices.port)),
            *("--workers", web_workers(), "--blocking-threads", "8"),
            *("--no-ws", "--workers-kill-timeout", "2", "--factory", "app:served"),
        )
        healthy = _healthy(f"{self.choices.site}/healthz")
        stopping = ((signal.SIGTERM, 3.0),)
        return Child("web", WEB, serve, ready=healthy, stopping=stopping)

    def _background(self) -> list[Child]:
        celery = ("celery", "-A", "workers.app", "--quiet")  # no banner among the logs
        children = []
        for name, (queue, pool) in QUEUES.items():
            arguments = ("worker", "-Q", queue, "-n", f"{name}@%h", "--without-mingle", *pool)
            # Parent gone: nobody waits for a warm end, so hand tasks back at once.
            work = self._python(*celery, *arguments, death_signal=signal.SIGQUIT)
            children.append(Child(name, BACKGROUND, work, stopping=WORKER_STOPPING))
        state = self.choices.state
        tick = self._python(
            *celery, "beat", "-s", str(state / "beat"), "--pidfile=", "--loglevel", "WARNING"
        )
        return [*children, Child("scheduler", BACKGROUND, tick)]

    def _python(
        self, module: str, *arguments: str, death_signal: signal.Signals = signal.SIGTERM
    ) -> Callable[[], Command]:
        argv = [sys.executable, "-m", module, *arguments]
        command = Command(argv, self.environment, ROOT, death_signal=death_signal)
        return lambda: command


def web_workers() -> str:
    """Two where there are cores to spare; each more takes its time to load at the start."""
    return "2" if (os.cpu_count() or 1) > 2 else "1"


def _postgres_child(postgres: Postgres) -> Child:
    # SIGINT rolls back what runs; SIGQUIT would leave recovery to the next start.
    stopping = ((signal.SIGINT, 3.0), (signal.SIGQUIT, 0.5))
    return Child(
        "postgres", INFRASTRUCTURE, postgres.command, ready=postgres.ready, stopping=stopping
    )


def _answers(port: int) -> Callable[[], bool]:
    return lambda: answers(port)


def _healthy(url: str) -> Callable[[], bool]:
    direct = build_opener(ProxyHandler({}))  # a configured proxy knows nothing of our loopback

    def probe() -> bool:
        try:
            with direct.open(url, timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    return probe
