"""Mail that must leave: the row is part of the caller's commit, the sending follows it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail
from marketplace.core.clock import now
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.gateways.mail import Mail
from marketplace.task_names import TaskName

MAX_ATTEMPTS = 10
FIRST_DELAY = timedelta(seconds=20)
MAX_DELAY = timedelta(hours=2)


def queue_mail(
    session: Session,
    queue: TaskQueue,
    recipient: str,
    subject: str,
    text: str,
    html: str | None = None,
    unsubscribe_url: str | None = None,
) -> OutgoingMail:
    """Record a message and have it sent after the commit. It must not hold prompt text.

    Args:
        unsubscribe_url: for mail that somebody may switch off: where one click, or the mail
            program's own button, does it.
    """
    row = OutgoingMail(
        recipient=recipient,
        subject=subject,
        body_text=text,
        body_html=html,
        unsubscribe_url=unsubscribe_url,
        next_attempt_at=now() + FIRST_DELAY,
    )
    session.add(row)
    session.flush()
    enqueue(session, queue, TaskName.SEND_MAIL, row.id)
    return row


def claim_mail(session: Session, mail_id: str) -> Mail | None:
    """Take a message for sending; None when it was sent, given up or is being sent just now.

    The claim pushes the next attempt into the future before the message is handed over, so a
    worker that dies in between costs a delay, and at worst one repetition with the same
    Message-ID: mail, unlike money, is delivered at least once.
    """
    row = session.scalar(
        select(OutgoingMail).where(OutgoingMail.id == mail_id).with_for_update(skip_locked=True)
    )
    if row is None or row.sent_at is not None or row.attempts >= MAX_ATTEMPTS:
        return None
    row.attempts += 1
    delay = min(FIRST_DELAY * 2 ** (row.attempts - 1), MAX_DELAY)
    row.next_attempt_at = now() + delay
    return Mail(
        row.id, row.recipient, row.subject, row.body_text, row.body_html, row.unsubscribe_url
    )


def record_sent(session: Session, mail_id: str) -> None:
    """Mark as sent and wipe the bodies: they may hold single-use links."""
    row = session.get(OutgoingMail, mail_id, with_for_update=True)
    if row is not None:
        row.sent_at, row.next_attempt_at, row.last_error = now(), None, None
        row.body_text, row.body_html = "", None


def record_failure(session: Session, mail_id: str, error: str) -> None:
    """Remember why it failed; after the last attempt it is given up and wiped."""
    row = session.get(OutgoingMail, mail_id, with_for_update=True)
    if row is not None:
        row.last_error = error[:200]
        if row.attempts >= MAX_ATTEMPTS:
            row.next_attempt_at, row.body_text, row.body_html = None, "", None


def due_mail_ids(session: Session, limit: int = 100) -> list[str]:
    """Messages whose time for another attempt has come."""
    due = OutgoingMail.next_attempt_at <= now()
    query = select(OutgoingMail.id).where(due, OutgoingMail.sent_at.is_(None))
    return list(session.scalars(query.order_by(OutgoingMail.next_attempt_at).limit(limit)))
