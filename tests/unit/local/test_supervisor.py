"""The supervisor as a process of its own, over stand-in programs: order, speed, nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.supervisor import AlreadyRunning, StateLock

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("small_stack.py")
Start = Callable[[str], "Running"]


class Running:
    """A started small stack; its output is collected line by line."""

    def __init__(self, state: Path, scenario: str) -> None:
        self.state = state
        argv = [sys.executable, str(PROGRAM), str(state), scenario]
        self.process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.lines: list[str] = []

    def read_until(self, wanted: str) -> str:
        """The first line that contains `wanted`; the output's end is a failure."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if wanted in line:
                return line
        pytest.fail(f"{wanted!r} was never printed:\n" + "\n".join(self.lines))

    def end(self, stop_signal: signal.Signals) -> None:
        """Send a signal and wait for the end; raises when there is none."""
        self.process.send_signal(stop_signal)
        rest, _ = self.process.communicate(timeout=60)
        self.lines += rest.splitlines()

    def pids(self) -> list[int]:
        """Process ids that the stand-ins have written down."""
        return [int(path.read_text()) for path in self.state.glob("*.pid")]

    def events(self) -> list[str]:
        """What the stand-ins have noted, in order."""
        return (self.state / "events").read_text().splitlines()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def begin(scenario: str) -> Running:
        started.append(Running(tmp_path, scenario))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.communicate(timeout=60)
        if running.process.stdout:
            running.process.stdout.close()


def is_running(pid: int) -> bool:
    """Whether a live process, not a zombie, has this id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(true: Callable[[], bool], within: float = 60) -> bool:
    """Poll until `true` or the time is over."""
    deadline = time.monotonic() + within
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def lock_is_free(state: Path) -> bool:
    try:
        with StateLock(state):
            return True
    except AlreadyRunning:
        return False


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_starts_upwards_stops_downwards_and_leaves_nothing(
    start: Start, tmp_path: Path, stop_signal: signal.Signals
) -> None:
    stack = start("three")
    stack.read_until("all up")
    wait_until(lambda: len(stack.pids()) == 3)
    assert stack.events() == ["started base", "did step", "started web", "started worker"]
    assert not lock_is_free(tmp_path)

    stack.end(stop_signal)

    assert stack.events()[4:] == ["ended worker", "ended web", "ended base"]
    assert stack.process.returncode == 0
    assert not any(is_running(pid) for pid in stack.pids())
    assert lock_is_free(tmp_path)


def test_lines_carry_the_name_of_the_program(start: Start) -> None:
    stack = start("three")
    assert stack.read_until("hello from base").startswith("base       | hello from base")
    assert stack.read_until("all up").startswith("supervisor | ")


def test_kill_of_the_supervisor_takes_all_children_along(start: Start, tmp_path: Path) -> None:
    stack = start("three")
    stack.read_until("all up")
    assert wait_until(lambda: len(stack.pids()) == 3)

    stack.process.kill()
    stack.process.wait()

    assert lock_is_free(tmp_path)
    assert wait_until(lambda: not any(is_running(pid) for pid in stack.pids()))


def test_deaf_child_and_its_own_child_are_killed_in_time(start: Start) -> None:
    stack = start("deaf")
    stack.read_until("all up")
    assert wait_until(lambda: len(list(stack.state.glob("deaf*.pid"))) == 2)

    stack.end(signal.SIGTERM)  # it would stand there for ever

    assert wait_until(lambda: not any(is_running(pid) for pid in stack.pids()))
    assert "ended base" in stack.events()


def test_crashes_are_restarted_with_growing_delay(start: Start) -> None:
    stack = start("crasher")
    first = stack.read_until("crasher exited with 3")
    began = time.monotonic()
    second = stack.read_until("crasher was killed by signal 9")
    stack.read_until("run 3")
    assert "restarting in 0.5 s" in first
    assert "restarting in 1 s" in second
    assert time.monotonic() - began >= 1.5

    # The third run ends well: an errand that is done is not run again.
    time.sleep(0.3)
    stack.end(signal.SIGTERM)
    assert (stack.state / "crasher.runs").read_text() == "xxx"


def test_killed_service_comes_back(start: Start) -> None:
    stack = start("three")
    stack.read_until("all up")
    assert wait_until((stack.state / "web.ready").exists)
    old = int((stack.state / "web.pid").read_text())
    os.kill(old, signal.SIGKILL)
    stack.read_until("web was killed by signal 9; restarting in 0.5 s")
    stack.read_until("hello from web")
    assert int((stack.state / "web.pid").read_text()) != old


def test_failing_step_stops_what_was_started(start: Start) -> None:
    stack = start("failing step")
    stack.read_until("step exited with 4; stopping")
    assert stack.process.wait(timeout=60) == 1
    assert stack.events() == ["started base", "ended base"]


def test_service_that_never_gets_ready_is_given_up(start: Start) -> None:
    stack = start("never ready")
    stack.read_until("stuck was not ready in 0.5 s; stopping")
    assert stack.process.wait(timeout=60) == 1
    assert not any(is_running(pid) for pid in stack.pids())


def test_second_copy_on_the_same_state_is_refused(start: Start) -> None:
    start("three").read_until("all up")
    second = start("three")
    second.read_until("already running")
    assert second.process.wait(timeout=60) == 1
