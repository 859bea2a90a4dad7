"""What `make up` refuses, and what it hands to the programs it starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.environment import BadSetting, Choices
from local.panel import panel
from local.stack import BACKGROUND, INFRASTRUCTURE, Stack
from local.supervisor import StateLock
from local.up import assemble
from marketplace.settings import Settings

ROOT = Path(__file__).parents[3]


def up(state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m local.up` where it is expected to refuse."""
    merged = {**os.environ, "STATE_DIR": str(state), **environment}
    argv = [sys.executable, "-m", "local.up"]
    return subprocess.run(argv, env=merged, cwd=ROOT, capture_output=True, text=True, timeout=60)


def make_stack(state: Path, **environ: str) -> Stack:
    """A stack over servers that exist already, so that nothing is prepared on disk."""
    given = {"DATABASE_URL": "postgresql://db/x", "BROKER_URL": "redis://q/0", **environ}
    chosen = {"STATE_DIR": str(state), "PORT": "8123", **given}
    return assemble(Choices.read(chosen), chosen)


def test_a_taken_port_gets_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused = up(tmp_path, PORT=str(port))
    assert refused.returncode == 1
    assert refused.stderr == (f"Port {port} is taken; choose another: make up PORT={port + 1}\n")


def test_a_second_copy_gets_one_sentence(tmp_path: Path) -> None:
    with StateLock(tmp_path):
        refused = up(tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"A copy of Bracket is running on {tmp_path} already" in refused.stderr


def test_damaged_secrets_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    refused = up(tmp_path, PORT="0" * 3 + "8123")
    assert refused.returncode == 1
    assert "secrets.json is damaged" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["", "0", "65536", "web", "-1"])
def test_senseless_ports_are_refused(port: str) -> None:
    with pytest.raises(BadSetting, match="PORT must be"):
        Choices.read({"PORT": port})


def test_the_application_accepts_what_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = {"STRIPE_API_KEY": "sk_live_from_the_shell", "BRACKET_ENV": "production"}
    stack = make_stack(tmp_path, **stray)
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.env == "local"
    assert settings.stripe_api_key.startswith("sk_test_")
    assert settings.blobs_url == f"file://{tmp_path}/blobs"
    assert settings.public_url == "http://127.0.0.1:8123"
    assert settings.stripe_api_base == stack.addresses.stripe_api


def test_given_servers_are_used_and_none_of_ours_started(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    names = {child.name: child.tier for child in stack.children()}
    assert "postgres" not in names
    assert "valkey" not in names
    assert names["stripe"] == INFRASTRUCTURE
    assert names["demo"] == BACKGROUND
    assert stack.environment["DATABASE_URL"] == "postgresql://db/x"
    assert not (tmp_path / "postgres").exists()


def test_demo_content_can_be_left_out(tmp_path: Path) -> None:
    stack = make_stack(tmp_path, DEMO="0")
    assert "demo" not in {child.name for child in stack.children()}
    assert "Demo accounts" not in panel(stack, 1.0)


def test_the_panel_names_every_page(tmp_path: Path) -> None:
    stack = make_stack(tmp_path)
    text = panel(stack, 3.21)
    assert "after 3.2 s" in text
    for address in ("http://127.0.0.1:8123", stack.addresses.mail, stack.addresses.stripe_api):
        assert address in text
