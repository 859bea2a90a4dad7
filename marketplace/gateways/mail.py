"""Sending one message: the contract and SMTP. What to send is decided elsewhere."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT = 15  # seconds; a mail server that is slower is tried again later


@dataclass(frozen=True)
class Mail:
    """One message to one person. ``mail_id`` makes redelivery recognisable."""

    mail_id: str
    recipient: str
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)
    """Answers a POST without a log-in (RFC 8058); None for mail that must come."""


class Mailer(Protocol):
    """Delivers a message or raises."""

    def send(self, mail: Mail) -> None:
        """Hand the message to the mail server. Raises OSError or smtplib.SMTPException."""


class SmtpMailer:
    """SMTP by address: smtp://, smtp+tls:// (STARTTLS) or smtps://user:password@host:port."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Deliver over a fresh connection."""
        with self._connect() as server:
            if self._user:
                server.login(self._user, self._password)
            server.send_message(self._message(mail))

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        if self._scheme == "smtp+tls":
            server.starttls(context=ssl.create_default_context())
        return server

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.recipient
        message["Subject"] = mail.subject
        message["Date"] = formatdate()
        # The same id at every attempt: a mailbox that gets it twice can tell.
        message["Message-ID"] = make_msgid(idstring=mail.mail_id, domain="bracket.example")
        message["Auto-Submitted"] = "auto-generated"
        if mail.unsubscribe_url:
            message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(mail.text)
        if mail.html:
            message.add_alternative(mail.html, subtype="html")
        return message


@dataclass
class RecordingMailer:
    """Keeps what was sent (tests)."""

    sent: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        """Remember the message."""
        self.sent.append(mail)
