"""Encryption of prompts at rest, and keyed fingerprints that do not reveal them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(RuntimeError):
    """A sealed text cannot be opened with the configured keys."""


class PromptVault:
    """Seals prompts with the first key and opens them with any.

    Args:
        keys: url-safe base64 Fernet keys, newest first (setting PROMPT_KEYS).
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        # The last key is the oldest and outlives rotations at the front, so fingerprints
        # stay comparable while keys are added.
        self._pepper = hashlib.sha256(b"bracket prompt fingerprint" + keys[-1].encode()).digest()

    def __repr__(self) -> str:
        return "<PromptVault>"

    def seal(self, text: str) -> bytes:
        """Encrypt a prompt for storage."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Decrypt a prompt.

        Raises:
            VaultError: when no configured key opens it.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise VaultError("no configured key opens this prompt") from None

    def digest(self, purpose: str, data: bytes) -> bytes:
        """32 bytes, equal for equal data under one purpose; needs the key to guess."""
        key = hmac.digest(self._pepper, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, data, hashlib.sha256)

    def fingerprint(self, text: str) -> bytes:
        """32 bytes, equal for equal texts (case and white space folded); needs the key to guess."""
        folded = " ".join(text.casefold().split())
        return hmac.new(self._pepper, folded.encode(), hashlib.sha256).digest()
