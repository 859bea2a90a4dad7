"""What is typed but not acceptable yet: reason not to submit a draft, none not to keep it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.checks import Problem
from marketplace.listings.models import Listing
from marketplace.listings.queries import categories, target_models
from marketplace.listings.wizard.forms import WizardForm
from marketplace.listings.wizard.rows import draft_of, typed_in


def form_for(session: Session) -> WizardForm:
    """An empty form with today's shelves and models."""
    models = [model for model in target_models(session) if model.is_open]
    return WizardForm(categories(session), models)


def typed_problems(session: Session, vault: PromptVault, listing: Listing) -> list[Problem]:
    """One problem for each message of a filled form; nothing for drafts written elsewhere."""
    row = draft_of(session, listing.id)
    if row is None:
        return []
    form = form_for(session).filled(typed_in(vault, row))
    return [
        Problem(f"typed_{name}", f"{form[name].label.text}: {message}", field=name)
        for name, messages in form.problems().items()
        for message in messages
    ]
