"""Runs the children of a stack: starts tier by tier, prefixes logs, restarts, stops in order.

One thread, one loop: Linux's parent-death signal follows the thread that started the child.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import BinaryIO

from local.children import PROBE_EVERY, Child, Kind, Life, Phase

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# All of a stop, every tier together, stays below the ten seconds that are promised.
STOP_WITHIN = 9.0
# Seconds in which a second stop signal does not yet mean impatience.
ECHO = 1.0
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class AlreadyRunning(Exception):
    """Another supervisor holds the same state folder."""


class StateLock:
    """Exclusive hold on a state folder: a lock on the folder itself, gone with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    def __enter__(self) -> StateLock:
        self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise AlreadyRunning(self._folder) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)


class StartFailed(Exception):
    """A step failed, or a service did not become ready in time."""


class Supervisor:
    """Owns the children from the first start to the last exit. Use once, in the main thread."""

    def __init__(self, children: Iterable[Child], output: BinaryIO | None = None) -> None:
        self.lives = [Life(child) for child in children]
        self._output = output or sys.stdout.buffer
        self._colourful = self._output.isatty()
        self._width = max([len(life.child.name) for life in self.lives] + [len("supervisor")])
        self._selector = selectors.DefaultSelector()
        self._stop_requests = 0
        self._stop_requested_at = 0.0
        self._output_lost = False

    def run(self, when_up: Callable[[], None] | None = None) -> int:
        """Start everything, call `when_up`, watch until a stop signal; returns the exit status."""
        self._listen_to_signals()
        status = 0
        try:
            self._start_all()
            if when_up and not self._stop_requests:
                when_up()
            while not self._stop_requests:
                self._turn(self._next_restart())
        except StartFailed as failure:
            self.say(f"{failure}; stopping")
            status = 1
        finally:
            self._stop_all()
        return status

    def say(self, message: str) -> None:
        """Print a line of the supervisor's own."""
        self._write("supervisor", -1, [message.encode()])

    # -- starting and watching

    def _start_all(self) -> None:
        for tier in sorted({life.child.tier for life in self.lives}):
            members = [life for life in self.lives if life.child.tier == tier]
            self.say("starting " + ", ".join(life.child.name for life in members))
            for life in members:
                self._start(life)
            while not self._stop_requests and not all(life.settled for life in members):
                self._turn(PROBE_EVERY)
                for life in members:
                    _require_in_time(life)
            if self._stop_requests:
                return

    def _start(self, life: Life) -> None:
        life.start()
        self._selector.register(life.pipe, selectors.EVENT_READ, life)

    def _turn(self, longest_wait: float | None) -> None:
        """One turn of the loop: pass on output, notice exits, probe, restart what is due."""
        for key, _ in self._selector.select(longest_wait):
            if key.data is None:
                self._wakeup.recv(1024)
            else:
                self._pass_on(key.data)
        for life in self.lives:
            status = life.reap()
            if status is not None:
                self._close(life)
                self._after_exit(life, status)
            elif self._stop_requests == 0:
                life.probe()
                if life.phase is Phase.WAITING and time.monotonic() >= life.restart_at:
                    self._start(life)

    def _next_restart(self) -> float | None:
        """Seconds until something is due; None to sleep until output or a signal."""
        now = time.monotonic()
        waits = [life.restart_at - now for life in self.lives if life.phase is Phase.WAITING]
        if any(life.phase is Phase.STARTING for life in self.lives):
            waits.append(PROBE_EVERY)
        return max(0.0, min(waits)) if waits else None

    def _after_exit(self, life: Life, status: int) -> None:
        child = life.child
        if self._stop_requests or (status == 0 and child.kind is not Kind.SERVICE):
            life.phase = Phase.FINISHED
            return
        manner = f"exited with {status}" if status >= 0 else f"was killed by signal {-status}"
        if child.kind is Kind.STEP:
            raise StartFailed(f"{child.name} {manner}")
        self.say(f"{child.name} {manner}; restarting in {life.plan_restart():g} s")

    # -- stopping

    def _stop_all(self) -> None:
        """Stop tier by tier, last started first. A second stop signal kills at once."""
        self._stop_requests = max(self._stop_requests, 1)
        deadline = time.monotonic() + STOP_WITHIN
        for tier in sorted({life.child.tier for life in self.lives}, reverse=True):
            members = [life for life in self.lives if life.child.tier == tier]
            for life in members:
                life.begin_stop()
            while any(life.alive for life in members):
                self._turn(PROBE_EVERY)
                hurry = self._stop_requests > 1 or time.monotonic() > deadline
                self._press(members, hurry)

    def _press(self, members: Sequence[Life], hurry: bool) -> None:
        for life in members:
            if hurry:
                life.escalation.clear()
            if life.alive and (hurry or time.monotonic() > life.escalate_at):
                life.escalate()

    # -- signals and output

    def _listen_to_signals(self) -> None:
        """Let signals wake the loop's select() instead of running code of their own."""
        self._wakeup, write_end = socket.socketpair()
        self._wakeup.setblocking(False)
        write_end.setblocking(False)
        self._write_end = write_end  # kept: closing it would lose the wake-ups
        signal.set_wakeup_fd(write_end.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._request_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._selector.register(self._wakeup, selectors.EVENT_READ, None)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Count a request. `make` passes TERM on, so one that follows at once is an echo."""
        now = time.monotonic()
        if self._stop_requests == 0 or now - self._stop_requested_at > ECHO:
            self._stop_requests += 1
            self._stop_requested_at = now

    def _pass_on(self, life: Life) -> None:
        self._write(life.child.name, self.lives.index(life), life.read_lines())

    def _close(self, life: Life) -> None:
        self._selector.unregister(life.pipe)
        self._write(life.child.name, self.lives.index(life), life.close_pipe())

    def _write(self, name: str, number: int, lines: list[bytes]) -> None:
        if self._output_lost or not lines:
            return
        prefix = f"{name:<{self._width}} | "
        if self._colourful and number >= 0:
            prefix = f"\x1b[{COLOURS[number % len(COLOURS)]}m{prefix}\x1b[0m"
        try:
            for line in lines:
                self._output.write(prefix.encode() + line.rstrip(b"\r") + b"\n")
            self._output.flush()
        except (BrokenPipeError, OSError):  # whoever read us is gone: end in good order
            self._output_lost = True
            self._stop_requests = max(self._stop_requests, 1)


def _require_in_time(life: Life) -> None:
    """Raises StartFailed when a service has taken longer than it may to become ready."""
    if life.child.kind is Kind.STEP or life.settled:
        return
    if time.monotonic() - life.first_started_at > life.child.ready_within:
        raise StartFailed(f"{life.child.name} was not ready in {life.child.ready_within:g} s")
