"""C2PA credentials of a picture: who signed what about its making, and whether that still holds.

The check is c2pa-python's, offline: nothing is fetched, and there is no list of trusted signers,
so "valid" means unchanged since somebody signed it, not that the signer is who he says. Where the
library cannot be loaded (there is none for every platform) we only say that a signed store is
there and which program it names, unchecked.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from marketplace.images.containers import JPEG_SIGNATURE, PNG_SIGNATURE
from marketplace.images.metadata.decoding import as_text
from marketplace.images.metadata.readers.common import mapping, sequence

MAX_STORE_BYTES = 4_000_000
"""A larger manifest store is reported and not opened; thumbnails make most of a usual one."""
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
}


class CredentialState(StrEnum):
    """What we can say about a picture's credentials."""

    VALID = "valid"
    """Signed, and not changed since."""
    INVALID = "invalid"
    """The signature or a hash does not fit the file: it was changed, or the store is broken."""
    UNCHECKED = "unchecked"
    """There is a store; nobody here has checked it."""

    @property
    def meaning(self) -> str:
        """One sentence for a seller or moderator."""
        return _MEANINGS[self]


_MEANINGS = {
    CredentialState.VALID: "The file has not changed since this was signed. We keep no list of "
    "trusted signers, so who signed it is not confirmed.",
    CredentialState.INVALID: "These credentials do not fit the file: it was changed after signing, "
    "or they are damaged.",
    CredentialState.UNCHECKED: "The file carries signed credentials that were not checked here.",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the active manifest claims. `source_type` is the last part of IPTC's address, such as
    "trainedAlgorithmicMedia"; everything but `state` is the signer's word."""

    state: CredentialState
    generator: str | None = None
    software: str | None = None
    source_type: str | None = None
    issuer: str | None = None
    signed_at: str | None = None

    def as_json(self) -> dict[str, Any]:
        """By name, with the state's meaning."""
        return asdict(self) | {"state": self.state.value, "meaning": self.state.meaning}


def read_credentials(data: bytes, store: bytes) -> Credentials | None:
    """The credentials of a picture file whose C2PA store (JUMBF) was found; None without one.

    Args:
        data: the whole file, for its hash is part of the check.
        store: the manifest store's bytes as they stand in the file.
    """
    if not store:
        return None
    unchecked = Credentials(CredentialState.UNCHECKED, generator=_named_generator(store))
    if len(store) > MAX_STORE_BYTES:
        return unchecked
    try:
        import c2pa  # 20 MB of native code: loaded with the first picture that needs it
    except (ImportError, OSError, RuntimeError):
        return unchecked
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(_OFFLINE))
        with c2pa.Reader(_media_type(data), io.BytesIO(data), context=context) as reader:
            return _checked(json.loads(reader.json()))
    except (c2pa.C2paError, ValueError, RecursionError):
        return Credentials(CredentialState.INVALID, generator=unchecked.generator)


def _media_type(data: bytes) -> str:
    if data.startswith(PNG_SIGNATURE):
        return "image/png"
    return "image/jpeg" if data.startswith(JPEG_SIGNATURE) else "image/webp"


def _checked(report: Any) -> Credentials:
    content = mapping(report)
    manifests = mapping(content.get("manifests"))
    active = mapping(manifests.get(str(content.get("active_manifest"))))
    valid = content.get("validation_state") in ("Valid", "Trusted")
    generators = sequence(active.get("claim_generator_info"))
    info = mapping(generators[0] if generators else None)
    name = " ".join(filter(None, (as_text(info.get(key), 100) for key in ("name", "version"))))
    action = _made_by(active)
    agent = action.get("softwareAgent")
    kind = as_text(action.get("digitalSourceType"), 200) or ""
    signature = mapping(active.get("signature_info"))
    return Credentials(
        state=CredentialState.VALID if valid else CredentialState.INVALID,
        generator=name or as_text(active.get("claim_generator"), 200),
        software=as_text(mapping(agent).get("name") if isinstance(agent, dict) else agent, 100),
        source_type=kind.rpartition("/")[2] or None,
        issuer=as_text(signature.get("issuer") or signature.get("common_name"), 200),
        signed_at=as_text(signature.get("time"), 40),
    )


def _made_by(manifest: dict[str, Any]) -> dict[str, Any]:
    """The first action that says how the picture was made."""
    for assertion in sequence(manifest.get("assertions"))[:100]:
        if str(mapping(assertion).get("label")).startswith("c2pa.actions"):
            actions = sequence(mapping(mapping(assertion).get("data")).get("actions"))
            for action in map(mapping, actions[:100]):
                if action.get("digitalSourceType") or action.get("softwareAgent"):
                    return action
    return {}


def _named_generator(store: bytes) -> str | None:
    """The program that a store names, found by its key in the claim's CBOR; nothing is checked."""
    info = store.find(b"\x74claim_generator_info")  # 0x60 + 20: a text of that length
    if info >= 0:
        name = store.find(b"\x64name", info, info + 400)
        return _cbor_text(store, name + 5) if name >= 0 else None
    plain = store.find(b"\x6fclaim_generator")
    return _cbor_text(store, plain + 16) if plain >= 0 else None


def _cbor_text(store: bytes, at: int) -> str | None:
    """The CBOR text of up to 255 bytes that starts there."""
    head = store[at : at + 2]
    if head and 0x60 <= head[0] <= 0x77:
        start, length = at + 1, head[0] - 0x60
    elif len(head) == 2 and head[0] == 0x78:
        start, length = at + 2, head[1]
    else:
        return None
    return as_text(store[start : start + length].decode("utf-8", "replace"), 200)
