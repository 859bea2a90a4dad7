"""What was typed in the wizard, read and dropped: one of the few places that open a prompt."""

from __future__ import annotations

import json

from sqlalchemy import delete
from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.wizard.models import WizardDraft, WizardSave


def draft_of(session: Session, listing_id: str) -> WizardDraft | None:
    """The wizard's row of a listing, where there is one."""
    return session.get(WizardDraft, listing_id)


def typed_in(vault: PromptVault, row: WizardDraft | WizardSave) -> dict[str, str]:
    """What was typed, by input."""
    content: dict[str, str] = json.loads(vault.open(row.typed_sealed))
    return content


def forget(session: Session, listing_id: str) -> None:
    """Drop what was typed: the listing says it all, or was written some other way."""
    session.flush()
    session.execute(delete(WizardDraft).where(WizardDraft.listing_id == listing_id))
