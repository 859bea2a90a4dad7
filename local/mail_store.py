"""Caught mails on disk: one .eml file each, so that a restart keeps them."""

from __future__ import annotations

import email
import email.policy
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import cast

LINK = re.compile(r"https?://[^\s<>\"']+")
NAME = re.compile(r"\d{20}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Mail:
    """One caught mail, decoded."""

    id: str
    received: datetime
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """Web addresses in the text part, in order, each once."""
        return list(dict.fromkeys(LINK.findall(self.text)))


class MailStore:
    """The folder of caught mails. File names are random: nothing of a mail is in its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Store one mail as received, with its envelope in front; returns its id."""
        mail_id = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        envelope = [f"X-Envelope-From: {sender}", *(f"X-Envelope-To: {to}" for to in recipients)]
        head = "".join(f"{line}\r\n" for line in envelope).encode("utf-8", "replace")
        draft = self.folder / f".{mail_id}"
        draft.write_bytes(head + content)
        draft.replace(self.folder / f"{mail_id}.eml")
        return mail_id

    def ids(self) -> list[str]:
        """Ids of all mails, newest first."""
        return sorted((path.stem for path in self.folder.glob("*.eml")), reverse=True)

    def get(self, mail_id: str) -> Mail | None:
        """The mail with this id, None when there is none."""
        if not NAME.fullmatch(mail_id):
            return None
        try:
            raw = (self.folder / f"{mail_id}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return decode(mail_id, raw)

    def newest(self, limit: int = 200) -> list[Mail]:
        """The latest mails, newest first."""
        found = (self.get(mail_id) for mail_id in self.ids()[:limit])
        return [mail for mail in found if mail is not None]


def decode(mail_id: str, raw: bytes) -> Mail:
    """Read a stored mail."""
    message = cast(EmailMessage, email.message_from_bytes(raw, policy=email.policy.default))
    return Mail(
        id=mail_id,
        received=datetime.fromtimestamp(int(mail_id.split("-")[0]) / 1e9, UTC),
        sender=str(message["X-Envelope-From"] or ""),
        recipients=[str(to) for to in message.get_all("X-Envelope-To", [])],
        subject=str(message["Subject"] or "(no subject)"),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):  # a charset nobody knows: show what can be shown
        return bytes(part.get_payload(decode=True) or b"").decode("ascii", "replace")
