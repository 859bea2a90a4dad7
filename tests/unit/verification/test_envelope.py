"""The signed file: valid as it was signed, and not after any change whatever."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.canonical import canonical
from marketplace.core.signing import SigningKey
from marketplace.verification.envelope import (
    KeyFileError,
    PublishedKey,
    check,
    key_set,
    moment_text,
    read_key,
    read_key_set,
    seal,
)

KEY = SigningKey(base64.b64encode(b"a proof key only tests ever use!").decode())
OTHER = SigningKey(base64.b64encode(b"another key that only tests use!").decode())
SIGNED_AT = datetime(2026, 11, 21, 5, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "schema": "https://bracket.example/schemas/proof-1.json",
    "signed_at": moment_text(SIGNED_AT),
    "listing": {"title": "Füchse “im Schnee” \\ 狐"},
    "samples": [{"distance": 4, "seconds": "1.5", "cached": False, "rerun": None}],
}
SEALED = seal(KEY, DOCUMENT)


def published(key: SigningKey, **times: datetime) -> dict[str, PublishedKey]:
    return {key.key_id: PublishedKey(key.key_id, key.public_bytes, **times)}


BOTH = published(KEY) | published(OTHER)


def resealed(**changes: Any) -> bytes:
    """The file with another signature part, spelt canonically."""
    envelope = json.loads(SEALED)
    envelope["signature"] |= changes
    return canonical(envelope)


def test_what_was_signed_is_valid() -> None:
    checked = check(SEALED, BOTH)
    assert (checked.valid, checked.document) == (True, DOCUMENT)


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_changed_byte_shows(place: int, difference: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= difference
    assert not check(bytes(changed), BOTH).valid


@given(st.integers(0, len(SEALED)), st.binary(min_size=1, max_size=3))
def test_any_added_byte_shows(place: int, added: bytes) -> None:
    assert not check(SEALED[:place] + added + SEALED[place:], BOTH).valid


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 40))
def test_any_missing_byte_shows(place: int, length: int) -> None:
    assert not check(SEALED[:place] + SEALED[place + length :], BOTH).valid


@given(st.binary(max_size=200))
def test_anything_else_is_invalid_and_never_an_error(data: bytes) -> None:
    assert not check(data, BOTH).valid


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"7",
        b'{"document":{},"signature":7}',
        b'{"document":{},"signature":{"algorithm":"Ed25519","key_id":"x","value":7}}',
        b"[" * 100_000,
        json.dumps(json.loads(SEALED), indent=1).encode(),
        SEALED + b"\n",
    ],
)
def test_other_shapes_and_spellings_are_invalid(data: bytes) -> None:
    assert not check(data, BOTH).valid


def test_the_reason_says_what_is_wrong() -> None:
    other = seal(KEY, DOCUMENT | {"schema": "https://bracket.example/schemas/proof-9.json"})
    forged = canonical({**json.loads(SEALED), "document": DOCUMENT | {"more": 1}})
    assert "byte for byte" in check(SEALED + b" ", BOTH).reason
    assert "not among the given" in check(SEALED, published(OTHER)).reason
    assert "does not belong" in check(resealed(key_id=OTHER.key_id), BOTH).reason
    assert "not an Ed25519" in check(resealed(algorithm="none"), BOTH).reason
    assert "does not belong" in check(forged, BOTH).reason
    assert "does not know" in check(other, BOTH).reason
    assert "does not belong" in check(resealed(value=""), BOTH).reason


def test_a_key_counts_only_while_it_was_in_use() -> None:
    before, after = SIGNED_AT - timedelta(seconds=1), SIGNED_AT + timedelta(seconds=1)
    assert check(SEALED, published(KEY, not_before=before, not_after=after)).valid
    assert check(SEALED, published(KEY, not_before=SIGNED_AT, not_after=SIGNED_AT)).valid
    for times in ({"not_before": after}, {"not_after": before}):
        checked = check(SEALED, published(KEY, **times))
        assert (checked.valid, "outside the time" in checked.reason) == (False, True)


def test_published_keys_are_read_back() -> None:
    keys = BOTH | published(KEY, not_before=SIGNED_AT, not_after=SIGNED_AT + timedelta(days=9))
    assert read_key_set(json.dumps(key_set(keys))) == keys
    [entry] = key_set(published(KEY))["keys"]
    assert read_key(entry["pem"]) == read_key(entry["public_key"]) == published(KEY)


@pytest.mark.parametrize(
    "change", [{"key_id": OTHER.key_id}, {"public_key": "AAAA"}, {"algorithm": "RSA"}]
)
def test_a_key_that_is_not_what_it_says_is_refused(change: dict[str, str]) -> None:
    [entry] = key_set(published(KEY))["keys"]
    with pytest.raises(KeyFileError):
        read_key_set(json.dumps({"keys": [entry | change]}))
    for text in ("{", "[]", '{"keys": 7}', '{"keys": [7]}'):
        with pytest.raises(KeyFileError):
            read_key_set(text)
