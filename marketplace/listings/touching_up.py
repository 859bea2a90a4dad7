"""Small changes of a listing on sale that need no re-run: its price, and slips of the pen.

Whatever says something new goes the long way, as a new version that a moderator reads. Slips are
measured against the words that were approved, so that many small steps lead nowhere either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein
from sqlalchemy.orm import Session

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.vault import PromptVault
from marketplace.listings.lifecycle import may_trade, record_touch_up
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import lock_listing
from marketplace.listings.states import ListingState
from marketplace.listings.words import (
    Words,
    approved_words,
    keep,
    show_words,
    shown_words,
)
from marketplace.policy import Submission, check
from marketplace.policy.findings import Finding, Severity
from marketplace.task_names import TaskName

ALIKE = 90
"""How much of 100 of an approved text must stand for a change to count as a slip of the pen."""
MOST = 24
"""Letters that a slip may change, however long the text: more would be a sentence of its own."""
TEXTS = ("title", "summary", "description")
ON_SALE = (ListingState.LIVE, ListingState.WITHDRAWN)


class _Deaf:
    """Says nothing of tone: that model belongs to the workers."""

    def offensive(self, texts: Sequence[str]) -> list[float]:
        """Nought for each text."""
        return [0.0] * len(texts)


def touch_up(
    session: Session,
    vault: PromptVault,
    queue: TaskQueue,
    listing: Listing,
    words: Words,
    actor_id: str,
) -> tuple[str, ...]:
    """Change price and spelling at once; returns the names of what changed.

    Args:
        words: all of them, acceptable one by one (see checks.word_problems).

    Raises:
        ConflictError: the listing has not been on sale, or its shop is suspended.
        InvalidError: a text says something new, or breaks a rule that it did not break before;
            ``field`` names it. Nothing is changed then.
    """
    lock_listing(session, listing)
    version = listing.live_version
    if listing.state not in ON_SALE or version is None:
        raise ConflictError("Only what is, or was, on sale can be touched up.")
    may_trade(listing)
    before = shown_words(listing)
    changed = tuple(name for name in asdict(words) if getattr(words, name) != getattr(before, name))
    if not changed:
        return ()
    approved = approved_words(listing, version)
    for name in changed:
        if name != "price_cents" and not _is_slip(name, approved, words):
            raise InvalidError(
                "This changes more than the spelling. Make a new version of the listing: the one "
                "on sale stays up until a moderator has read it.",
                "not_a_slip",
                field="category" if name == "category_slug" else name,
            )
    if changed != ("price_cents",):  # a price says nothing that a rule could forbid
        _check_rules(vault, version, before, words)
    keep(version, approved)
    show_words(listing, words)
    _check_edit_again(session, queue, listing, changed)
    reason = ", ".join(_told(name, before, words) for name in changed)
    record_touch_up(session, listing, actor_id, reason)
    return changed


def _check_edit_again(
    session: Session, queue: TaskQueue, listing: Listing, changed: tuple[str, ...]
) -> None:
    """An edit that is being checked says the new words too, where it left the old ones alone."""
    at_work = listing.working_state in (ListingState.VERIFYING, ListingState.IN_REVIEW)
    if listing.edit is not None and at_work and set(changed) != {"price_cents"}:
        enqueue(session, queue, TaskName.CHECK_POLICY, listing.edit.id)


def _is_slip(name: str, approved: Words, words: Words) -> bool:
    if name == "tags":
        if len(words.tags) != len(approved.tags):
            return set(words.tags) < set(approved.tags)
        return _is_alike(", ".join(approved.tags), ", ".join(words.tags))
    return name in TEXTS and _is_alike(getattr(approved, name), getattr(words, name))


def _is_alike(old: str, new: str) -> bool:
    changed = Levenshtein.distance(old, new, score_cutoff=MOST)
    return changed <= MOST and fuzz.ratio(old, new) >= ALIKE


def _check_rules(vault: PromptVault, version: ListingVersion, before: Words, words: Words) -> None:
    template = vault.open(version.prompt_sealed)
    old = {(one.code, one.field) for one in _findings(template, before)}
    for finding in _findings(template, words):
        if (finding.code, finding.field) not in old:
            field = finding.field.partition(".")[0]
            raise InvalidError(f"{finding.explanation} {finding.fix}", "rule", field=field)


def _findings(template: str, words: Words) -> list[Finding]:
    submission = Submission(
        template=template,
        title=words.title,
        summary=words.summary,
        description=words.description,
        tags=words.tags,
    )
    return [one for one in check(submission, _Deaf()) if one.severity is not Severity.NOTE]


def _told(name: str, before: Words, words: Words) -> str:
    """A change as history tells it: the price in cents, of words only which."""
    if name == "price_cents":
        return f"price {before.price_cents} → {words.price_cents}"
    return name
