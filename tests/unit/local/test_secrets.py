"""Secrets are made once, kept, private, and acceptable to the application's settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from local.secrets import load_or_create
from marketplace.core.signing import SigningKey


def test_made_once_and_kept_privately(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = load_or_create(path)
    assert load_or_create(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert Fernet(first["PROMPT_KEYS"]).encrypt(b"prompt")
    assert SigningKey(first["PROOF_SIGNING_KEY"]).key_id
    assert first["STRIPE_API_KEY"].startswith("sk_test_")
    assert len(set(first.values())) == 7


def test_later_additions_leave_the_old_ones_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"PROMPT_KEYS": "kept"}))
    assert load_or_create(path)["PROMPT_KEYS"] == "kept"
    assert "SECRET_KEY" in load_or_create(path)


def test_a_damaged_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"PROMPT_KEYS": "k')
    with pytest.raises(ValueError, match="Unterminated"):
        load_or_create(path)
    assert path.read_text() == '{"PROMPT_KEYS": "k'
