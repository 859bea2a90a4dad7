"""wrk, the load generator: how many requests a second a page can take at most."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_TIME = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\b", re.MULTILINE)
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")


@dataclass(frozen=True)
class Load:
    """What came of a run at full load."""

    per_second: float
    p50_ms: float
    p99_ms: float


def available() -> bool:
    """Whether wrk is installed."""
    return shutil.which("wrk") is not None


def full_load(
    site: str, paths: Sequence[str], seconds: int, connections: int = 16, threads: int = 2
) -> Load:
    """Ask for the paths in turn, as fast as they come. Raises RuntimeError for bad answers."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        listed = ", ".join(json.dumps(path) for path in paths)
        script.write(
            f"local paths = {{{listed}}}\nlocal place = math.random(#paths)\n"
            "request = function()\n  place = place % #paths + 1\n"
            '  return wrk.format("GET", paths[place])\nend\n'
        )
        script.flush()
        said = subprocess.run(
            [
                *("wrk", "--latency", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"),
                *("-s", script.name, site),
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return read(said)


def read(said: str) -> Load:
    """The figures in what wrk prints. Raises RuntimeError when pages failed."""
    bad, rate = _BAD.search(said), _RATE.search(said)
    if bad or rate is None:
        raise RuntimeError(f"wrk was not answered well:\n{said}")
    times = {share: float(value) * _UNITS[unit] for share, value, unit in _TIME.findall(said)}
    return Load(float(rate.group(1)), times["50"], times["99"])
