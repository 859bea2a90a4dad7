"""Keeping what is typed: open a draft in the wizard, save a page of it. Nothing here commits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.ids import slugify
from marketplace.core.vault import PromptVault
from marketplace.listings.drafting import write_blank
from marketplace.listings.lifecycle import record_creation
from marketplace.listings.models import Category, Listing, TargetModel
from marketplace.listings.presenters import draft_fields
from marketplace.listings.queries import lock_listing, version_of
from marketplace.listings.states import ListingState
from marketplace.listings.wizard.following import follow
from marketplace.listings.wizard.forms import WizardForm
from marketplace.listings.wizard.merging import merge
from marketplace.listings.wizard.models import WizardDraft, WizardSave
from marketplace.listings.wizard.rows import draft_of, typed_in
from marketplace.listings.wizard.steps import STEPS
from marketplace.listings.words import caught_up

UNTITLED = "Untitled draft"
MAX_TYPED = 20_000
"""Characters of one input that are kept; the rules for a listing are far stricter."""
UNOPENED = 0
"""The revision of a draft that was written elsewhere and not yet opened here."""
REMEMBERED = 40
"""Saves that a late tab may be behind and still be merged input by input."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one page: the revision now, and what another tab wrote meanwhile.

    With anything in ``theirs``, nothing was saved: its person decides first.
    """

    revision: int
    theirs: dict[str, str] = field(default_factory=dict, repr=False)


def begin(
    session: Session,
    vault: PromptVault,
    seller_id: str,
    shelves: Sequence[Category],
    models: Sequence[TargetModel],
) -> Listing:
    """A new draft with nothing in it yet.

    Raises:
        ConflictError: the shop has no shelf or no model that is open.
    """
    if not shelves or not models:
        raise ConflictError("Nothing can be listed just now: no model is open. Come back later.")
    listing = Listing(
        seller_id=seller_id,
        state=ListingState.DRAFT,
        title=UNTITLED,
        slug=slugify(UNTITLED),
        description="",
        summary="",
        tags=[],
        category_slug=shelves[0].slug,
        price_cents=299,
        currency="usd",
    )
    session.add(listing)
    session.flush()
    write_blank(session, vault, listing, models[0])
    record_creation(session, listing, seller_id)
    _store(session, vault, listing, _first_revision(), {}, STEPS[0].slug)
    return listing


def open_draft(session: Session, vault: PromptVault, listing: Listing) -> WizardDraft:
    """The wizard's row of a draft, made from the listing where it was written elsewhere.

    Raises:
        ConflictError: the listing is no draft.
    """
    if listing.working_state is not ListingState.DRAFT:
        raise ConflictError("This listing has been submitted; it cannot be edited now.")
    found = draft_of(session, listing.id)
    if found is not None:
        return found
    version = version_of(session, listing)
    typed = draft_fields(listing, version, vault)
    row = _store(session, vault, listing, _first_revision(), typed, STEPS[0].slug)
    # Pages made before there was a row say UNOPENED.
    session.merge(
        WizardSave(listing_id=listing.id, revision=UNOPENED, typed_sealed=row.typed_sealed)
    )
    return row


def standing(session: Session, vault: PromptVault, listing: Listing) -> tuple[int, dict[str, str]]:
    """The revision of a draft and what is typed in it, without changing anything."""
    row = draft_of(session, listing.id)
    if row is None:
        return UNOPENED, draft_fields(listing, version_of(session, listing), vault)
    return row.revision, _standing(session, vault, listing, row)


def save(
    session: Session,
    vault: PromptVault,
    listing: Listing,
    form: WizardForm,
    mine: Mapping[str, str],
    revision: int,
    step: str,
) -> Saved:
    """Keep what a page sent, right or wrong, and let the listing follow as far as it is right.

    Args:
        form: an empty form; it is filled with all that is typed.
        mine: the page's inputs.
        revision: the one that the page was made from.

    Raises:
        InvalidError: an input of more than 20,000 characters.
        ConflictError: the listing is no draft any more.
    """
    for name, text in mine.items():
        if len(text) > MAX_TYPED:
            raise InvalidError(
                f"This has {len(text)} characters, far more than a listing may have, and was not "
                f"saved. Shorten it to {MAX_TYPED}.",
                field=name,
            )
    lock_listing(session, listing)
    row = open_draft(session, vault, listing)
    standing = _standing(session, vault, listing, row)
    base = session.get(WizardSave, (listing.id, revision))
    merged = merge(typed_in(vault, base) if base else None, standing, mine)
    if not merged.is_clean:
        return Saved(row.revision, merged.theirs)
    row.step = step
    if merged.typed != standing:
        row = _store(session, vault, listing, row.revision + 1, merged.typed, step)
        follow(session, vault, listing, form.filled(merged.typed), merged.typed)
    return Saved(row.revision)


def write(
    session: Session,
    vault: PromptVault,
    listing: Listing,
    form: WizardForm,
    changes: Mapping[str, str | None],
) -> Saved:
    """Put values into a draft on its seller's word, over whatever stands; None removes one."""
    lock_listing(session, listing)
    row = open_draft(session, vault, listing)
    standing = _standing(session, vault, listing, row)
    typed = {name: text for name, text in (standing | dict(changes)).items() if text is not None}
    if typed != standing:
        row = _store(session, vault, listing, row.revision + 1, typed, row.step)
        follow(session, vault, listing, form.filled(typed), typed)
    return Saved(row.revision)


def _standing(
    session: Session, vault: PromptVault, listing: Listing, row: WizardDraft
) -> dict[str, str]:
    return caught_up(listing, version_of(session, listing), typed_in(vault, row))


def _first_revision() -> int:
    """The second it is: a page from before a draft was opened anew never seems to be of it."""
    return int(now().timestamp()) % 1_000_000_000


def _store(
    session: Session,
    vault: PromptVault,
    listing: Listing,
    revision: int,
    typed: Mapping[str, str],
    step: str,
) -> WizardDraft:
    sealed = vault.seal(json.dumps(dict(typed), ensure_ascii=False))
    row = session.get(WizardDraft, listing.id)
    if row is None:
        row = WizardDraft(listing_id=listing.id)
        session.add(row)
    row.revision, row.typed_sealed, row.step, row.updated_at = revision, sealed, step, now()
    session.flush()
    session.merge(WizardSave(listing_id=listing.id, revision=revision, typed_sealed=sealed))
    session.execute(
        delete(WizardSave).where(
            WizardSave.listing_id == listing.id,
            WizardSave.revision.between(UNOPENED + 1, revision - REMEMBERED),
        )
    )
    session.flush()
    return row
