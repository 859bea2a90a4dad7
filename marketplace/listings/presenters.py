"""What a seller sees of a listing; nobody else gets these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.accounts.models import SellerProfile
from marketplace.core.vault import PromptVault
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.public import settings_rows
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.listings.words import word_fields, words_of
from marketplace.prompts import Slot, Template

NOTES = {
    ListingState.DRAFT: "Not submitted yet.",
    ListingState.VERIFYING: "We are checking your samples.",
    ListingState.IN_REVIEW: "A moderator decides next.",
    ListingState.LIVE: "On sale.",
    ListingState.CHANGES: "A moderator asks for changes before it can go on sale.",
    ListingState.REJECTED: "A moderator has turned it away; the reason is there.",
    ListingState.WITHDRAWN: "Off the shelves. Buyers keep what they bought.",
}
EDIT_NOTES = {
    ListingState.DRAFT: "You are writing a new version.",
    ListingState.VERIFYING: "We are checking its new version.",
    ListingState.IN_REVIEW: "A moderator decides about its new version next.",
    ListingState.CHANGES: "A moderator asks for changes in its new version.",
    ListingState.REJECTED: "Its new version was turned away.",
}
RETIRED_NOTE = "Its model was switched off. Choose another one to sell it again."
ACTIONS = {
    ListingState.DRAFT: "Continue",
    ListingState.VERIFYING: "Watch",
    ListingState.CHANGES: "Read what to change",
    ListingState.REJECTED: "Read why",
}
PAYOUT_NOTES = {
    TransfersStatus.NONE: "Set up where your earnings go. Until then your listings cannot be "
    "bought.",
    TransfersStatus.ONBOARDING: "Finish setting up payouts. Until then your listings cannot be "
    "bought.",
    TransfersStatus.PENDING: "Our payments partner is checking your details; nothing to do.",
    TransfersStatus.RESTRICTED: "Our payments partner needs something more from you before your "
    "listings can be bought.",
    TransfersStatus.REJECTED: "Our payments partner has closed your account; your listings cannot "
    "be bought.",
}


@dataclass(frozen=True)
class ListingRow:
    """One line of the dashboard."""

    id: str
    title: str
    state: ListingState
    price_cents: int
    category: str
    cover: list[dict[str, Any]]
    cover_alt: str
    note: str
    action: str
    page: str
    """The endpoint that the action opens."""
    since: datetime


def listing_row(listing: Listing) -> ListingRow:
    """The dashboard's line for a listing."""
    samples = listing.version.samples if listing.version else []
    return ListingRow(
        id=listing.id,
        title=listing.title,
        state=listing.state,
        price_cents=listing.price_cents,
        category=listing.category.name,
        cover=samples[0].derivatives if samples else [],
        cover_alt="",  # the title stands beside it
        note=RETIRED_NOTE if waits_for_model(listing) else _note(listing),
        action=ACTIONS.get(listing.state, "Open"),
        page="sell.resume" if listing.state is ListingState.DRAFT else "sell.listing",
        since=_since(listing),
    )


def waits_for_model(listing: Listing) -> bool:
    """True for a listing that is off sale because its model has been switched off."""
    shown = listing.state in (ListingState.LIVE, ListingState.WITHDRAWN)
    version = listing.live_version if listing.edit else listing.version
    return shown and version is not None and version.tier is Tier.ARCHIVED


def _note(listing: Listing) -> str:
    """What the dashboard says of a listing, with how an edit of it stands."""
    note = NOTES[listing.state]
    return note if listing.edit is None else f"{note} {EDIT_NOTES[listing.working_state]}"


def _since(listing: Listing) -> datetime:
    if listing.state in (ListingState.LIVE, ListingState.WITHDRAWN) and listing.published_at:
        return listing.published_at
    return listing.submitted_at or listing.created_at


def prompt_parts(template: Template) -> list[tuple[str, str]]:
    """The seller's own prompt as ("text", …) and ("variable", name) pieces."""
    return [
        ("variable", node.name) if isinstance(node, Slot) else ("text", node.value)
        for node in template.nodes
    ]


def settings_lines(version: ListingVersion) -> list[tuple[str, str]]:
    """The version's settings as (name, value) pairs."""
    return [("Model", version.target_model.name), *settings_rows(version)]


def draft_fields(listing: Listing, version: ListingVersion, vault: PromptVault) -> dict[str, str]:
    """What DraftForm starts from when a listing is edited. Opens the prompt and the guide."""
    return word_fields(words_of(listing, version)) | {
        "target_model": version.target_model_slug,
        "prompt": vault.open(version.prompt_sealed),
        "guide": vault.open(version.guide_sealed) if version.guide_sealed else "",
        "licence": version.licence,
        "steps": str(version.steps) if version.scheduler else "",
        "guidance": f"{version.guidance:g}" if version.scheduler else "",
        "scheduler": version.scheduler,
    }


def payout_note(profile: SellerProfile) -> str | None:
    """What a seller should know or do before being paid; None when all is well."""
    return PAYOUT_NOTES.get(profile.transfers_status)
