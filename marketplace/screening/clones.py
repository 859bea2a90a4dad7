"""Prompts that are built like others: one comes first, the others are named clones.

The index holds keyed numbers only. Prompts are opened here, in memory, to confirm a candidate.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from marketplace.core.vault import PromptVault, VaultError
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.policy import Finding, Severity
from marketplace.policy.prints import RULE_VERSION, SIMILAR, Print, alike, print_of, similarity
from marketplace.screening.models import PolicyCheck, PolicyPrint
from marketplace.screening.recording import Noted
from marketplace.screening.states import Stage

CLONE = 0.88
"""Share of words in the same order from which on two prompts are one."""
CANDIDATES = 200
CONFIRMED_AT_MOST = 20
_OFFERED = (
    ListingState.VERIFYING,
    ListingState.IN_REVIEW,
    ListingState.LIVE,
    ListingState.WITHDRAWN,
)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another listing's version that is built like this one."""

    listing_id: str
    seller_id: str
    title: str
    is_live: bool
    since: datetime
    similarity: float
    """Estimated share of pieces in common."""
    alike: float
    """Share of words in the same order; confirmed with both texts."""


def keep_print(
    session: Session, vault: PromptVault, version: ListingVersion, template: str
) -> Print:
    """Compute a version's print and keep it; safe to repeat, and a changed draft replaces it."""
    made = print_of(template, partial(vault.digest, "policy print"))
    values = {
        "rule_version": RULE_VERSION,
        "signature": made.signature,
        "bands": list(made.bands),
    }
    statement = insert(PolicyPrint).values(version_id=version.id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["version_id"], set_=values))
    return made


def neighbours_of(
    session: Session, vault: PromptVault, version: ListingVersion, template: str, made: Print
) -> list[Neighbour]:
    """Other listings, on sale or on their way there, that are built like this version."""
    rows = session.execute(
        select(ListingVersion, Listing, PolicyPrint.signature)
        .join(PolicyPrint, PolicyPrint.version_id == ListingVersion.id)
        .join(Listing, Listing.id == ListingVersion.listing_id)
        .where(
            PolicyPrint.rule_version == RULE_VERSION,
            PolicyPrint.bands.overlap(list(made.bands)),
            Listing.id != version.listing_id,
            Listing.state.in_(_OFFERED),
            (ListingVersion.id == Listing.version_id)
            | (ListingVersion.id == Listing.live_version_id),
        )
        .order_by(Listing.created_at, ListingVersion.number)
        .limit(CANDIDATES)
        .options(undefer(ListingVersion.prompt_sealed))
    ).all()
    near = sorted(
        (
            (similarity(made.signature, signature), other, listing)
            for other, listing, signature in rows
        ),
        key=lambda item: -item[0],
    )
    first = first_alike(session, made, {listing.id for _, _, listing in near[:CONFIRMED_AT_MOST]})
    found: dict[str, Neighbour] = {}
    for share, other, listing in near[:CONFIRMED_AT_MOST]:
        if share >= SIMILAR and listing.id not in found:
            confirmed = _alike(vault, template, other)
            found[listing.id] = Neighbour(
                listing.id,
                listing.seller_id,
                listing.title,
                listing.state is ListingState.LIVE and other.id == listing.live_version_id,
                first.get(listing.id) or listing.submitted_at or listing.created_at,
                share,
                confirmed,
            )
    return list(found.values())


def first_alike(session: Session, made: Print, listing_ids: Collection[str]) -> dict[str, datetime]:
    """When each listing first had a prompt like this one, by its submitted versions.

    Not when the listing began: else a clone that takes an old listing's place would be first, and
    who mends a prompt that others have copied would be last.
    """
    asked = (
        select(func.max(PolicyCheck.requested_at))
        .where(PolicyCheck.version_id == ListingVersion.id, PolicyCheck.stage == Stage.TEXTS)
        .scalar_subquery()
    )
    at_work = ListingVersion.published_at.is_(None) & (ListingVersion.id == Listing.version_id)
    moment = case(
        (at_work, Listing.submitted_at), else_=func.least(ListingVersion.published_at, asked)
    )
    rows = session.execute(
        select(Listing.id, PolicyPrint.signature, moment)
        .join(ListingVersion, ListingVersion.listing_id == Listing.id)
        .join(PolicyPrint, PolicyPrint.version_id == ListingVersion.id)
        .where(Listing.id.in_(listing_ids), PolicyPrint.rule_version == RULE_VERSION)
    )
    first: dict[str, datetime] = {}
    for listing_id, signature, since in rows:
        if since is not None and similarity(made.signature, signature) >= SIMILAR:
            first[listing_id] = min(since, first.get(listing_id, since))
    return first


def _alike(vault: PromptVault, template: str, other: ListingVersion) -> float:
    try:
        return alike(template, vault.open(other.prompt_sealed))
    except VaultError:
        return 0.0  # a key that was lost accuses nobody


def clone_findings(
    listing: Listing, neighbours: Sequence[Neighbour], since: datetime | None = None
) -> list[Noted]:
    """DUPLICATE findings: heavy where another seller was first, advice where this listing was.

    Args:
        since: when the listing first had this prompt (see first_alike); else its submission.
    """
    clones = [one for one in neighbours if one.alike >= CLONE]
    since = since or listing.submitted_at or listing.created_at
    others = [one for one in clones if one.seller_id != listing.seller_id]
    earlier = sorted((one for one in others if one.since < since), key=lambda one: one.since)
    later = [one for one in others if one.since >= since]
    found = []
    if earlier:
        first = earlier[0]
        found.append(
            _noted(
                Severity.HARD,
                f"{first.alike:.0%} of its words, variables set aside, stand in the same order in "
                f"{_named(first)} by another seller, which was there first.",
                "clones.earlier",
                [first, *(one for one in clones if one is not first)],
            )
        )
    elif later:
        found.append(
            _noted(
                Severity.NOTE,
                f"{len(later)} later listing{'s' if len(later) != 1 else ''} by other sellers "
                "resemble this one, which was there first.",
                "clones.later",
                later,
            )
        )
    own = [one for one in clones if one.seller_id == listing.seller_id]
    if own and not earlier:
        found.append(
            _noted(
                Severity.SOFT,
                f"{own[0].alike:.0%} of its words stand in the same order in another listing of "
                "the same seller.",
                "clones.own",
                own,
            )
        )
    return found


def _named(one: Neighbour) -> str:
    """The other listing in words that its seller allows: a title only once it is public."""
    return f"“{one.title}”" if one.is_live else "a listing that is not on sale"


def _noted(severity: Severity, said: str, rule: str, others: Sequence[Neighbour]) -> Noted:
    fix = "Offer what only you have; offer one listing with a variable rather than several alike."
    return Noted(
        Finding("DUPLICATE", severity, "template", None, said, fix, rule),
        tuple((one.listing_id, one.alike) for one in others),
    )
