"""What the supervisor runs: a child's description, and one child's life from start to stop."""

from __future__ import annotations

import enum
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from local.process import Command, kill_session, spawn

# Back-off between restarts: doubled at each crash, forgotten after a minute of good running.
FIRST_DELAY, LONGEST_DELAY, FORGIVEN_AFTER = 0.5, 30.0, 60.0
PROBE_EVERY = 0.05
# A line longer than this is printed in pieces, so that a child cannot fill our memory.
LONGEST_LINE = 65_536


class Kind(enum.Enum):
    """How long a child is meant to run."""

    SERVICE = "service"  # for ever; restarted whenever it ends
    STEP = "step"  # to its end, before later tiers start; a failure stops the stack
    ERRAND = "errand"  # to its end, beside the others; restarted only when it fails


@dataclass(frozen=True)
class Child:
    """One program of the stack. Tiers start upwards and stop downwards; a tier goes together."""

    name: str
    tier: int
    command: Callable[[], Command]  # asked at each start
    kind: Kind = Kind.SERVICE
    ready: Callable[[], bool] | None = None
    ready_within: float = 180.0  # a busy small machine needs its time to load Python code
    # Signals to end it and the seconds each is given; SIGKILL follows the last.
    stopping: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 1.5),)


class Phase(enum.Enum):
    """Where a child is in its life."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"  # crashed, to be restarted
    FINISHED = "finished"


@dataclass
class Life:
    """The running side of a Child: its process, its pipe, its crashes."""

    child: Child
    phase: Phase = Phase.IDLE
    process: subprocess.Popen[bytes] | None = None
    pipe: int = -1  # read end of its output
    started_at: float = 0.0
    first_started_at: float = 0.0
    restart_at: float = 0.0
    probe_at: float = 0.0
    crashes: int = 0
    partial: bytes = b""
    escalation: list[tuple[signal.Signals, float]] = field(default_factory=list)
    escalate_at: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether a process of it exists."""
        return self.process is not None

    @property
    def settled(self) -> bool:
        """Whether the next tier may start, as far as this child goes."""
        if self.child.kind is Kind.STEP:
            return self.phase is Phase.FINISHED
        return self.phase in (Phase.RUNNING, Phase.FINISHED) or self.child.kind is Kind.ERRAND

    def start(self) -> None:
        """Start the process with a fresh pipe for its output."""
        self.pipe, write_end = os.pipe()
        os.set_blocking(self.pipe, False)
        try:
            self.process = spawn(self.child.command(), write_end)
        finally:
            os.close(write_end)
        self.started_at = time.monotonic()
        self.first_started_at = self.first_started_at or self.started_at
        self.phase = Phase.STARTING if self.child.ready else Phase.RUNNING

    def probe(self) -> None:
        """Move from STARTING to RUNNING when the readiness check says so."""
        now = time.monotonic()
        if self.phase is not Phase.STARTING or self.child.ready is None or now < self.probe_at:
            return
        if self.child.ready():
            self.phase = Phase.RUNNING
        # Not at every turn of the loop: a probe may make the child log, which turns the loop.
        self.probe_at = now + PROBE_EVERY

    def reap(self) -> int | None:
        """Exit status when the process has ended (negative: the signal), else None.

        Whatever the process left in its session is killed first: an orphaned web or pool worker
        would keep the port, or the task.
        """
        if self.process is None:
            return None
        ended = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        kill_session(self.process.pid)
        status = self.process.wait()
        self.process = None
        return status

    def plan_restart(self) -> float:
        """Schedule the next start after a crash; returns the delay in seconds."""
        now = time.monotonic()
        if now - self.started_at > FORGIVEN_AFTER:
            self.crashes = 0
        delay = min(FIRST_DELAY * 2**self.crashes, LONGEST_DELAY)
        self.crashes += 1
        self.restart_at = now + delay
        self.phase = Phase.WAITING
        return delay

    def begin_stop(self) -> None:
        """Send the first stop signal."""
        self.escalation = list(self.child.stopping)
        self.escalate()

    def escalate(self) -> None:
        """Send the next stop signal, SIGKILL to the whole session after the last."""
        if self.process is None:
            return
        if self.escalation:
            stop_signal, grace = self.escalation.pop(0)
            # Not Popen.send_signal: that may reap the process behind reap()'s back.
            os.kill(self.process.pid, stop_signal)
            self.escalate_at = time.monotonic() + grace
        else:
            kill_session(self.process.pid)
            self.escalate_at = time.monotonic() + 1.0

    def read_lines(self) -> list[bytes]:
        """Whole lines the child has written since; the last piece waits for its end."""
        try:
            data = os.read(self.pipe, 65_536)
        except BlockingIOError:
            return []
        if not data:
            return []
        *lines, self.partial = (self.partial + data).split(b"\n")
        if len(self.partial) > LONGEST_LINE:
            lines.append(self.partial)
            self.partial = b""
        return lines

    def close_pipe(self) -> list[bytes]:
        """Close the output pipe; returns what was still in it as lines."""
        lines: list[bytes] = []
        while more := self.read_lines():
            lines += more
        if self.partial:
            lines.append(self.partial)
        self.partial = b""
        os.close(self.pipe)
        self.pipe = -1
        return lines
