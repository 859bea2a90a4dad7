"""Writing and revising: what is stored, what is refused, what stays untouched."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.money import Money
from marketplace.listings import operations
from marketplace.listings.models import Listing, ListingEvent, ListingVersion
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.prompts import TemplateError
from tests.factories.listings import (
    PROMPT,
    SECRET_WORD,
    contents,
    make_draft,
    make_in_review,
    make_live,
    make_submitted,
)


def test_a_draft_seals_its_prompt(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller)
    version = version_of(session, listing)
    assert services.vault.open(version.prompt_sealed) == PROMPT
    public = json.dumps([version.skeleton, version.variables])
    assert SECRET_WORD not in public
    assert SECRET_WORD.encode() not in version.prompt_sealed
    assert [variable["name"] for variable in version.variables] == ["subject", "sky"]
    assert (listing.state, listing.slug, version.number) == (
        ListingState.DRAFT,
        "paper-cut-animals",
        1,
    )
    event = session.scalars(select(ListingEvent)).one()
    assert (event.action, event.to_state, event.actor_id) == ("create", "draft", seller.user_id)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": Money(198)}, "price"),
        ({"price": Money(500)}, "price"),
        ({"steps": 14}, "steps"),
        ({"guidance": float("nan")}, "guidance"),
        ({"scheduler": "heun"}, "scheduler"),
        ({"target_model_slug": "gpt"}, "target_model"),
        ({"category_slug": "nowhere"}, "category"),
        ({"title": "Hi"}, "title"),
        ({"title": "A title\x07 that rings"}, "title"),
        ({"description": "Short."}, "description"),
        ({"tags": ("x" * 25,)}, "tags"),
        ({"prompt": "a fox [subject"}, "prompt"),
    ],
)
def test_what_is_out_of_range_is_refused(
    session: Session,
    services: Services,
    seller: SellerProfile,
    changes: dict[str, object],
    field: str,
) -> None:
    with pytest.raises(InvalidError) as caught:
        make_draft(session, services, seller, **changes)
    assert caught.value.field == field
    assert session.scalars(select(Listing)).all() == []


def test_thirteen_variables_are_refused(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    prompt = " ".join(f"[v{number}]" for number in range(13))
    with pytest.raises(TemplateError, match="13") as caught:
        make_draft(session, services, seller, prompt=prompt)
    assert (caught.value.line, caught.value.column) == (1, len(prompt) - len("[v12]") + 1)


def test_revising_a_draft_keeps_samples_and_the_values_that_fit(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=2)
    before = listing.version_id
    changed = contents(prompt="paper [Subject=owl] in [light: dawn | dusk]", title="Paper owls")
    operations.revise(session, services.vault, listing, changed, seller.user_id)
    version = version_of(session, listing)
    assert version.id == before
    assert [sample.values for sample in version.samples] == [
        {"Subject": "fox", "light": "dawn"}
    ] * 2
    assert version.samples[0].alt == "Paper owls (Subject: fox, light: dawn)"


def test_revising_a_rejected_listing_makes_a_new_version(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_in_review(session, services, seller)
    operations.reject(session, listing, seller.user_id, "TOO_SIMPLE", "Add more.")
    old = version_of(session, listing)
    old_rows = [(sample.id, dict(sample.values)) for sample in old.samples]
    changed = contents(prompt=PROMPT + ", layered")
    operations.revise(session, services.vault, listing, changed, seller.user_id)
    new = version_of(session, listing)
    assert (new.number, listing.state) == (2, ListingState.DRAFT)
    assert services.vault.open(new.prompt_sealed) == PROMPT + ", layered"
    # What was judged is exactly as it was.
    session.expire_all()
    kept = session.get_one(ListingVersion, old.id)
    assert services.vault.open(kept.prompt_sealed) == PROMPT
    assert [(sample.id, sample.values) for sample in kept.samples] == old_rows
    copied = [(sample.original_key, sample.seed) for sample in new.samples]
    assert copied == [(sample.original_key, sample.seed) for sample in kept.samples]
    assert listing.rejection_text == "Add more."  # still there to be read while mending


@pytest.mark.parametrize("make", [make_submitted, make_in_review, make_live])
def test_past_drafting_nothing_can_be_revised(
    session: Session, services: Services, seller: SellerProfile, make: object
) -> None:
    listing = make(session, services, seller)  # type: ignore[operator]
    sealed = version_of(session, listing).prompt_sealed
    with pytest.raises(ConflictError):
        operations.revise(
            session, services.vault, listing, contents(prompt="other [x]"), seller.user_id
        )
    assert version_of(session, listing).prompt_sealed == sealed
