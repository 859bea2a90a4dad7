"""Child processes that never outlive their parent: how every service of the stack is started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
# Loaded once, here: nothing may be imported between fork and exec.
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Command:
    """What to run. The child gets `death_signal` when its parent is gone, however it went."""

    argv: Sequence[str | Path]
    environment: Mapping[str, str] | None = None
    directory: str | Path | None = None
    user: tuple[int, int] | None = None  # (uid, gid) to switch to; needs root
    death_signal: signal.Signals = signal.SIGTERM


def spawn(command: Command, output: IO[Any] | int) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, stdout and stderr both to `output`.

    Call from a thread that lives as long as the child should: Linux sends the death signal when
    the starting *thread* ends.
    """
    identity: dict[str, Any] = {}
    if command.user is not None:
        identity = {"user": command.user[0], "group": command.user[1], "extra_groups": []}
    return subprocess.Popen(
        [str(word) for word in command.argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if command.environment is None else dict(command.environment),
        cwd=command.directory,
        start_new_session=True,
        preexec_fn=_die_with_parent(command.death_signal),
        **identity,
    )


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def arrange() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died between fork and prctl: no signal will come
            os._exit(1)

    return arrange


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, grace: float) -> None:
    """Ask `process` to end, wait `grace` seconds, then kill its whole session."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            kill_session(process.pid)
            process.wait()


def kill_session(leader: int) -> None:
    """Kill whatever is left of the process group that `leader` leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
