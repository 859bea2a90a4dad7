"""Ed25519 keys: reading them, signing, verifying, and their names."""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

KEY_BYTES = 32


class SigningKey:
    """A private Ed25519 key. Its repr shows nothing.

    Args:
        text: 32 raw bytes in base64 (either alphabet), or an unencrypted PKCS#8 PEM, whose line
            breaks may be written as ``\\n`` for the sake of environment variables.

    Raises:
        ValueError: when it is neither; the message never quotes it.
    """

    def __init__(self, text: str) -> None:
        self._key = _private_key(text.strip())
        self.public_bytes = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = key_id_of(self.public_bytes)

    def __repr__(self) -> str:
        return "<SigningKey>"

    def sign(self, data: bytes) -> bytes:
        """64 bytes; the same for the same data."""
        return self._key.sign(data)


def key_id_of(public: bytes) -> str:
    """A public key's name: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def is_signed(public: bytes, signature: bytes, data: bytes) -> bool:
    """True when the key's owner signed exactly this data."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_key_from(text: str) -> bytes:
    """32 raw bytes of a public key in base64 or PEM. Raises ValueError when it is neither."""
    text = text.strip()
    if not text.startswith("-----"):
        return _thirty_two(text)
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("is not a public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("is not an Ed25519 key")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_pem(public: bytes) -> str:
    """A raw public key in the PEM that openssl reads."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _private_key(text: str) -> Ed25519PrivateKey:
    if not text.startswith("-----"):
        return Ed25519PrivateKey.from_private_bytes(_thirty_two(text))
    try:
        key = load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("is not an unencrypted private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("is not an Ed25519 key")
    return key


def _thirty_two(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("is not 32 bytes of base64")
    return raw
