"""The installer: pip's configuration reaches uv, and nothing is installed twice."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local import bootstrap

ROOT = Path(__file__).parents[3]
LISTING = """\
:env:.find-links='/wheels /more'
global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'
global.find-links='/ignored'
global.timeout='60'
"""


def test_pips_indexes_are_handed_on_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_FIND_LINKS", "UV_EXTRA_INDEX_URL", "UV_INDEX_STRATEGY", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    answer = subprocess.CompletedProcess([], 0, stdout=LISTING)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    environment = bootstrap.uv_environment()
    assert environment["UV_FIND_LINKS"] == "/wheels,/more"
    assert environment["UV_EXTRA_INDEX_URL"] == "https://a.example/simple https://b.example/simple"
    assert environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert "UV_DEFAULT_INDEX" not in environment


def test_without_configuration_uv_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    nothing = subprocess.CompletedProcess([], 0, stdout="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: nothing)
    assert "UV_FIND_LINKS" not in bootstrap.uv_environment()


@pytest.mark.parametrize(
    ("installed", "wanted", "installs"),
    [
        (bootstrap.DEV, bootstrap.RUNTIME, False),  # the larger set holds the smaller
        (bootstrap.RUNTIME, bootstrap.RUNTIME, False),
        (bootstrap.RUNTIME, bootstrap.DEV, True),
        (None, bootstrap.RUNTIME, True),
    ],
)
def test_installs_only_what_is_not_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: str | None,
    wanted: str,
    installs: bool,
) -> None:
    stamp = tmp_path / "stamp"
    if installed:
        stamp.write_text(f"{bootstrap.requirements_digest()} {installed}\n")
    asked: list[str] = []
    monkeypatch.setattr(bootstrap, "STAMP", stamp)
    monkeypatch.setattr(bootstrap, "make_environment", lambda: None)
    monkeypatch.setattr(bootstrap, "install_with_uv", lambda name: asked.append(name) is None)
    bootstrap.bring_up_to_date(wanted)
    assert asked == ([wanted] if installs else [])


def test_incomplete_python_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="sudo apt-get install -y python3-venv"):
        bootstrap.install_ensurepip()


def test_runs_on_a_bare_python() -> None:
    # -S: no site-packages, as on a machine where nothing is installed yet.
    argv = [sys.executable, "-S", "-c", "import local.bootstrap"]
    subprocess.run(argv, cwd=ROOT, check=True)


def test_every_direct_requirement_says_why_it_is_here() -> None:
    for name in ("requirements.in", "requirements-dev.in"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-r")):
                assert re.fullmatch(r"\S+ +# .{10,}", line), line


def test_pins_are_exact_hashed_and_agree() -> None:
    pinned = [
        dict(re.findall(r"^(\S+)==(\S+) \\\n    --hash=", (ROOT / name).read_text(), re.MULTILINE))
        for name in (bootstrap.RUNTIME, bootstrap.DEV)
    ]
    runtime, dev = pinned
    assert len(runtime) > 80
    assert runtime.items() <= dev.items()
    assert "torch" not in dev
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", bootstrap.torch_pin())
