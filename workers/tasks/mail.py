"""Sends one outgoing message."""

from __future__ import annotations

import logging
import smtplib

from marketplace.accounts.mail import claim_mail, record_failure, record_sent
from marketplace.core.unit_of_work import unit_of_work
from marketplace.task_names import TaskName
from workers.app import app, services

log = logging.getLogger(__name__)


@app.task(name=TaskName.SEND_MAIL.value)
def send_mail(mail_id: str) -> None:
    """Claim, send, record. A failure leaves the row for the sweep."""
    parts = services()
    with unit_of_work(parts.database) as session:
        mail = claim_mail(session, mail_id)
    if mail is None:
        return
    try:
        parts.mailer.send(mail)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail %s not sent: %s", mail_id, type(error).__name__)
        with unit_of_work(parts.database) as session:
            record_failure(session, mail_id, type(error).__name__)
        return
    with unit_of_work(parts.database) as session:
        record_sent(session, mail_id)
