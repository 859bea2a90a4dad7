"""C2PA credentials: checked where the library is there, reported as unchecked where it is not."""

from __future__ import annotations

import struct
import sys

import pytest

from marketplace.images.metadata import read_settings
from marketplace.images.metadata.credentials import MAX_STORE_BYTES, CredentialState
from marketplace.images.metadata.read import read_unguarded
from tests.unit.images.builders import PNG_SIGNATURE, chunk, encode, picture
from tests.unit.images.metadata.signing import signed

FORMATS = ["PNG", "JPEG", "WEBP"]
# The head of a claim as CBOR writes it, in a box; enough for the reader that checks nothing.
CLAIM = b"\0\0\0\x40jumb" + b"\x74claim_generator_info\xa1\x64name\x6bPaper Press"
OLD_CLAIM = b"\0\0\0\x40jumb" + b"\x6fclaim_generator\x78\x1ePaper_Press/1.0 c2pa-rs/0.25.2"


def with_store(fmt: str, store: bytes) -> bytes:
    """The store where the standard puts it in each format, over several segments in JPEG."""
    data = encode(picture(), fmt)
    if fmt == "PNG":
        return data[:33] + chunk(b"caBX", store) + data[33:]
    if fmt == "WEBP":
        padded = store + bytes(len(store) % 2)
        grown = data + b"C2PA" + struct.pack("<I", len(store)) + padded
        return grown[:4] + struct.pack("<I", len(grown) - 8) + grown[8:]
    head, rest, step = store[:8], store[8:], 20
    segments = b""
    for number, at in enumerate(range(0, len(rest), step), start=1):
        body = b"JP\0\1" + struct.pack(">I", number) + head + rest[at : at + step]
        segments += b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body
    return data[:2] + segments + data[2:]


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_signed_picture_is_valid_and_says_by_whom(fmt: str):
    found = read_settings(signed(encode(picture(), fmt), fmt)).credentials
    assert found is not None
    assert found.state is CredentialState.VALID
    assert found.generator == "Paper Press 2.1"
    assert found.software == "press-image"
    assert found.source_type == "trainedAlgorithmicMedia"
    assert found.issuer == "Paper Press Ltd"
    assert "not confirmed" in found.state.meaning


def test_a_picture_changed_after_signing_is_invalid():
    data = bytearray(signed(encode(picture(), "PNG"), "PNG"))
    at = data.rindex(b"IDAT") + 30
    data[at] ^= 0xFF
    found = read_settings(bytes(data)).credentials
    assert found is not None
    assert found.state is CredentialState.INVALID


def test_a_store_torn_out_of_another_file_is_invalid():
    donor = signed(encode(picture(), "PNG"), "PNG")
    start = donor.index(b"caBX") - 4
    (length,) = struct.unpack_from(">I", donor, start)
    other = encode(picture(120, 100), "PNG")
    found = read_settings(other[:33] + donor[start : start + 12 + length] + other[33:]).credentials
    assert found is not None
    assert found.state is CredentialState.INVALID
    assert found.generator is not None


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(
    ("store", "generator"),
    [(CLAIM, "Paper Press"), (OLD_CLAIM, "Paper_Press/1.0 c2pa-rs/0.25.2")],
    ids=["new", "old"],
)
def test_without_the_library_it_is_there_and_unchecked(
    monkeypatch: pytest.MonkeyPatch, fmt: str, store: bytes, generator: str
):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = read_unguarded(with_store(fmt, store)).credentials
    assert found is not None
    assert found.state is CredentialState.UNCHECKED
    assert found.generator == generator
    assert found.issuer is None


@pytest.mark.parametrize(
    "store", [b"x" * 9, b"\xff" * 500, CLAIM, OLD_CLAIM[:30], b"\x74claim_gen"]
)
def test_a_broken_store_never_raises(store: bytes):
    for fmt in FORMATS:
        found = read_unguarded(with_store(fmt, store)).credentials
        assert found is not None
        assert found.state is not CredentialState.VALID


def test_an_enormous_store_is_reported_and_not_opened():
    store = CLAIM + bytes(MAX_STORE_BYTES)
    found = read_unguarded(PNG_SIGNATURE + chunk(b"caBX", store)).credentials
    assert found is not None
    assert found.state is CredentialState.UNCHECKED


def test_no_store_no_credentials():
    assert all(read_settings(encode(picture(), fmt)).credentials is None for fmt in FORMATS)
