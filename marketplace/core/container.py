"""The services a process works with, gathered once by wiring.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.core.database import Database
from marketplace.core.task_queue import TaskQueue
from marketplace.core.vault import PromptVault

if TYPE_CHECKING:
    from marketplace.gateways.blobs import BlobStore
    from marketplace.gateways.mail import Mailer
    from marketplace.gateways.payments import PaymentGateway
    from marketplace.gateways.text_moderation import TextModerator
    from marketplace.settings import Settings


@dataclass(frozen=True)
class Services:
    """Everything with a connection or a key; the same in the web and in the workers."""

    settings: Settings
    database: Database
    queue: TaskQueue
    blobs: BlobStore
    mailer: Mailer
    payments: PaymentGateway
    vault: PromptVault
    text_moderator: TextModerator | None = None
    """A provider that judges texts; None unless the owner has given a key."""
