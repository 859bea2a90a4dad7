"""SMTP against a real server on loopback, and mail that survives its senders."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import Message

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy.orm import Session

from local.ports import free_port
from marketplace.accounts.mail import claim_mail, due_mail_ids, queue_mail, record_sent
from marketplace.accounts.models import OutgoingMail
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import commit
from marketplace.gateways.mail import Mail, SmtpMailer
from marketplace.task_names import TaskName
from workers.tasks import mail as mail_task


class Inbox:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:
        """aiosmtpd's hook."""
        self.messages.append(message_from_bytes(envelope.content))  # type: ignore[attr-defined]
        return "250 kept"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """A mail server on loopback."""
    handler, port = Inbox(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def test_a_message_arrives_whole(inbox: tuple[Inbox, int]) -> None:
    handler, port = inbox
    mailer = SmtpMailer(f"smtp://127.0.0.1:{port}", "Bracket <hello@bracket.example>")
    mailer.send(Mail("m1", "a@example.com", "Grüße", "text ✓", "<p>html</p>"))
    link = "https://bracket.example/unsubscribe/x"
    mailer.send(Mail("m1", "a@example.com", "Grüße", "text ✓", unsubscribe_url=link))
    first, second = handler.messages
    assert first["List-Unsubscribe"] is None
    assert second["List-Unsubscribe"] == f"<{link}>"
    assert second["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert first["To"] == "a@example.com"
    assert first.is_multipart()
    assert "text ✓" in first.get_payload(0).get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "m1" in str(second["Message-ID"])


def test_a_server_that_is_away_raises() -> None:
    mailer = SmtpMailer(f"smtp://127.0.0.1:{free_port()}", "x@example.com")
    with pytest.raises(OSError):  # noqa: PT011 - the system's own words vary
        mailer.send(Mail("m1", "a@example.com", "s", "t"))


def queued(session: Session, services: Services) -> OutgoingMail:
    row = queue_mail(session, services.queue, "a@example.com", "Hello", "a link with a token")
    commit(session)
    return row


def test_mail_is_sent_after_the_commit_once_and_then_wiped(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_task, "services", lambda: services)
    row = queued(session, services)
    assert services.queue.sent == [(TaskName.SEND_MAIL, (row.id,))]  # type: ignore[attr-defined]
    mail_task.send_mail(row.id)
    mail_task.send_mail(row.id)
    assert [mail.text for mail in services.mailer.sent] == ["a link with a token"]  # type: ignore[attr-defined]
    session.expire_all()
    assert (row.body_text, row.next_attempt_at) == ("", None)
    assert row.sent_at is not None


def test_nothing_is_sent_for_work_that_was_undone(session: Session, services: Services) -> None:
    queue_mail(session, services.queue, "a@example.com", "Hello", "text")
    session.rollback()
    assert services.queue.sent == []  # type: ignore[attr-defined]


def test_a_failed_message_is_due_again_later(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_task, "services", lambda: services)

    def refuse(mail: Mail) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(services.mailer, "send", refuse)
    row = queued(session, services)
    mail_task.send_mail(row.id)
    session.expire_all()
    assert row.last_error == "SMTPServerDisconnected"
    assert due_mail_ids(session) == []
    with frozen(now() + timedelta(minutes=1)):
        assert due_mail_ids(session) == [row.id]


def test_a_lost_message_is_found_by_the_sweep(session: Session, services: Services) -> None:
    row = queued(session, services)
    with frozen(now() + timedelta(minutes=1)):
        assert due_mail_ids(session) == [row.id]


def test_two_workers_do_not_send_the_same_mail(session: Session, services: Services) -> None:
    row = queued(session, services)
    with services.database.new_session() as one, services.database.new_session() as two:
        assert claim_mail(one, row.id) is not None
        assert claim_mail(two, row.id) is None
        record_sent(one, row.id)
        one.commit()
        assert claim_mail(two, row.id) is None
