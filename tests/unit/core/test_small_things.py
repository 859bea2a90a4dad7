"""Identifiers, state machines, the vault and the log's redaction."""

from __future__ import annotations

import logging

import pytest
from cryptography.fernet import Fernet

from marketplace.core.errors import ConflictError
from marketplace.core.ids import is_id, new_id, slugify, split_slug
from marketplace.core.logging import _Redacting
from marketplace.core.states import Ignore
from marketplace.core.vault import PromptVault, VaultError
from marketplace.orders.states import ORDER_STATES, OrderAction, OrderState


def test_ids_are_unguessable_and_fit_addresses() -> None:
    ids = {new_id() for _ in range(2_000)}
    assert len(ids) == 2_000
    assert all(is_id(identifier) for identifier in ids)
    assert not is_id("../etc/passwd")


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Paper fox", "paper-fox"), ("  Ünïcødé  ", "unicde"), ("雪", "prompt"), ("a" * 99, "a" * 60)],
)
def test_slugs_are_plain(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_a_slug_may_hold_hyphens_and_be_empty() -> None:
    assert split_slug("paper-fox-abc") == ("paper-fox", "abc")
    assert split_slug("abc") == ("", "abc")


def test_a_state_machine_tells_change_from_ignorable_from_impossible() -> None:
    assert ORDER_STATES.next(OrderState.AWAITING_PAYMENT, OrderAction.PAY) is OrderState.PAID
    assert ORDER_STATES.next(OrderState.PAID, OrderAction.PAY) is Ignore.DUPLICATE
    assert ORDER_STATES.next(OrderState.PAID, OrderAction.EXPIRE) is Ignore.LATE
    with pytest.raises(ConflictError, match="already paid"):
        ORDER_STATES.next(OrderState.PAID, OrderAction.PARK)


def test_the_newest_key_seals_and_every_key_opens() -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    sealed = PromptVault([old]).seal("a secret prompt")
    rotated = PromptVault([new, old])
    assert b"secret" not in sealed
    assert rotated.open(sealed) == "a secret prompt"
    with pytest.raises(VaultError, match="no configured key"):
        PromptVault([new]).open(sealed)
    with pytest.raises(VaultError):
        PromptVault([old]).open(rotated.seal("later"))


def test_fingerprints_survive_a_new_key_and_need_the_old_one() -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    before = PromptVault([old]).fingerprint("A  Fox\nunder sky")
    assert PromptVault([new, old]).fingerprint("a fox under SKY") == before
    assert PromptVault([new]).fingerprint("a fox under sky") != before


@pytest.mark.parametrize(
    "secret",
    [
        "sk_live_abc123",
        "whsec_abc123",
        "postgresql://app:hunter2@127.0.0.1/db",
        "GET /account/confirm/WyJ4IiwieSJd.abc",
        "GET /account/reset/WyJ4IiwieSJd.abc",
    ],
)
def test_logs_are_cut_before_they_are_written(secret: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "about %s now", (secret,), None)
    assert _Redacting().filter(record)
    for part in ("abc", "hunter2", "WyJ4"):
        assert part not in record.getMessage()
