"""Whether a draft may be submitted: what stands in its rows, and what its seller has typed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.money import Money
from marketplace.core.vault import PromptVault
from marketplace.listings.checks import Problem, submission_problems
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.listings.samples import draft_template
from marketplace.listings.wizard.problems import typed_problems
from marketplace.listings.words import words_of


def readiness_problems(session: Session, vault: PromptVault, listing: Listing) -> list[Problem]:
    """Everything that keeps a draft from being submitted; empty when it is ready."""
    version = version_of(session, listing)
    found = submission_problems(
        draft_template(vault, version),
        version.samples,
        version.target_model,
        (version.scheduler, version.steps, version.guidance),
        Money(words_of(listing, version).price_cents),
    )
    typed = typed_problems(session, vault, listing)
    return [*typed, *found]
