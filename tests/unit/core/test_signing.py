"""Ed25519 keys in every form that people give them, against the vectors of RFC 8032."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from marketplace.core.signing import SigningKey, is_signed, public_key_from, public_pem

# RFC 8032, section 7.1, test 2.
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def pem_of(raw: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(raw)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(SECRET).decode(),
        base64.urlsafe_b64encode(SECRET).decode() + "\n",
        pem_of(SECRET),
        pem_of(SECRET).replace("\n", "\\n"),
    ],
)
def test_a_key_is_read_in_every_form(text: str) -> None:
    key = SigningKey(text)
    assert key.public_bytes == PUBLIC
    assert key.sign(b"\x72") == SIGNATURE
    assert is_signed(PUBLIC, SIGNATURE, b"\x72")


def test_another_message_key_or_signature_is_not_signed() -> None:
    assert not is_signed(PUBLIC, SIGNATURE, b"\x73")
    assert not is_signed(SECRET, SIGNATURE, b"\x72")
    assert not is_signed(PUBLIC, SIGNATURE[:-1], b"\x72")
    assert not is_signed(PUBLIC, b"", b"\x72")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        base64.b64encode(SECRET + b"x").decode(),
        "-----BEGIN PRIVATE KEY-----\nnonsense",
        X25519PrivateKey.from_private_bytes(SECRET)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
    ],
)
def test_what_is_no_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not") as error:
        SigningKey(text)
    assert text == "" or text not in str(error.value)


def test_public_keys_are_read_back() -> None:
    assert public_key_from(public_pem(PUBLIC)) == PUBLIC
    assert public_key_from(base64.b64encode(PUBLIC).decode()) == PUBLIC
    with pytest.raises(ValueError, match="is not"):
        public_key_from(pem_of(SECRET))


def test_a_key_never_shows_itself() -> None:
    assert repr(SigningKey(base64.b64encode(SECRET).decode())) == "<SigningKey>"
