"""A version's contents as a submission: one of the few places that open a prompt."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.words import words_of
from marketplace.policy import Submission
from marketplace.screening.model_facts import facts_of


def submission_of(session: Session, vault: PromptVault, version: ListingVersion) -> Submission:
    """The texts of a version with its listing's words, and the facts of its model.

    Raises:
        VaultError: when no configured key opens the prompt.
    """
    listing = session.get_one(Listing, version.listing_id)
    words = words_of(listing, version)
    return Submission(
        template=vault.open(version.prompt_sealed),
        guide=vault.open(version.guide_sealed) if version.guide_sealed else "",
        title=words.title,
        summary=words.summary,
        description=words.description,
        tags=words.tags,
        model=facts_of(version.target_model),
    )


def digest_of(vault: PromptVault, submission: Submission) -> bytes:
    """Keyed hash of all texts and of the model: equal where there is nothing new to look at."""
    contents = [
        submission.title,
        submission.summary,
        submission.description,
        list(submission.tags),
        submission.template,
        submission.negative_prompt,
        submission.model.slug if submission.model else "",
        submission.model.open if submission.model else True,
        *([submission.guide] if submission.guide else []),
    ]
    return vault.digest("policy contents", json.dumps(contents).encode())


def field_text(submission: Submission, field: str) -> str:
    """The text that a finding's field and span speak of; empty for fields without one."""
    name, _, number = field.partition(".")
    if name == "tags" and number:
        return submission.tags[int(number)] if int(number) < len(submission.tags) else ""
    text = getattr(submission, name, "")
    return text if isinstance(text, str) else ""
