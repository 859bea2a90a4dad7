"""A supervisor over stand-in programs, run as a program by the supervisor's tests.

python small_stack.py STATE_FOLDER SCENARIO
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path

from local.children import Child, Kind
from local.process import Command
from local.supervisor import AlreadyRunning, StateLock, Supervisor

STATE = Path(sys.argv[1])

# Notes its start and its end in a shared file, says a line, and ends at TERM after `pause` seconds.
SERVICE = """
import os, signal, sys, time
name, state, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])
def note(what):
    with open(state + "/events", "a") as file: file.write(f"{what} {name}\\n")
def end(*_):
    time.sleep(pause); note("ended"); os._exit(0)
signal.signal(signal.SIGTERM, end)
open(f"{state}/{name}.pid", "w").write(str(os.getpid()))
note("started")
print("hello from", name, flush=True)
open(f"{state}/{name}.ready", "w").close()
while True: time.sleep(60)
"""
DEAF = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0: signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(f"{sys.argv[2]}/deaf{os.getpid()}.pid", "w").write(str(os.getpid()))
open(f"{sys.argv[2]}/{sys.argv[1]}.ready", "w").close()
while True: time.sleep(60)
"""
CRASHES_TWICE = """
import os, sys
runs = sys.argv[2] + "/crasher.runs"
with open(runs, "a") as file: file.write("x")
count = len(open(runs).read())
print("run", count, flush=True)
if count == 2: os.kill(os.getpid(), 9)
sys.exit(3 if count == 1 else 0)
"""
FAILS = "import sys; sys.exit(4)"
NOTES = "import sys; open(sys.argv[2] + '/events', 'a').write(f'did {sys.argv[1]}\\n')"


def program(
    source: str, name: str, *more: str, death_signal: signal.Signals = signal.SIGTERM
) -> Callable[[], Command]:
    """A Python program as a child's command."""
    argv = [sys.executable, "-S", "-c", source, name, str(STATE), *more]
    return lambda: Command(argv, death_signal=death_signal)


def service(name: str, tier: int, pause: str = "0") -> Child:
    """A well-behaved service with a readiness check."""
    ready = (STATE / f"{name}.ready").exists
    return Child(name, tier, program(SERVICE, name, pause), ready=ready)


def children(scenario: str) -> list[Child]:
    """The stand-ins of one scenario."""
    step = Child("step", 1, program(NOTES, "step"), Kind.STEP)
    match scenario:
        case "three":
            return [service("base", 0), step, service("web", 2), service("worker", 3, "0.3")]
        case "deaf":
            deaf = program(DEAF, "deaf", death_signal=signal.SIGKILL)
            ready = (STATE / "deaf.ready").exists
            return [service("base", 0), Child("deaf", 1, deaf, ready=ready)]
        case "crasher":
            crasher = Child("crasher", 1, program(CRASHES_TWICE, "crasher"), Kind.ERRAND)
            return [service("base", 0), crasher]
        case "failing step":
            failing = Child("step", 1, program(FAILS, "step"), Kind.STEP)
            return [service("base", 0), failing, service("web", 2)]
        case "never ready":
            stuck = program(SERVICE, "stuck", "0")
            return [Child("stuck", 0, stuck, ready=lambda: False, ready_within=0.5)]
    raise ValueError(scenario)


if __name__ == "__main__":
    try:
        with StateLock(STATE):
            supervisor = Supervisor(children(sys.argv[2]))
            sys.exit(supervisor.run(lambda: supervisor.say("all up")))
    except AlreadyRunning:
        sys.exit("already running")
