"""The same act for many listings; each succeeds or fails by itself. Nothing here commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, DomainError, InvalidError
from marketplace.core.money import Money
from marketplace.core.task_queue import enqueue
from marketplace.listings import lifecycle
from marketplace.listings.checks import price_problem
from marketplace.listings.models import Listing
from marketplace.listings.queries import categories, lock_listing, target_models
from marketplace.listings.states import TURNED_AWAY, ListingState
from marketplace.listings.touching_up import touch_up
from marketplace.listings.wizard import drafts
from marketplace.listings.wizard.forms import WizardForm
from marketplace.listings.words import shown_words
from marketplace.task_names import TaskName

MOST_AT_ONCE = 500
Act = Callable[[Listing], str]
"""Does it to one listing and says what was done; raises DomainError where it cannot be done."""


@dataclass(frozen=True)
class Outcome:
    """What became of one listing."""

    listing_id: str
    title: str
    done: bool
    says: str


def set_price(
    session: Session, services: Services, seller_id: str, listing_ids: Sequence[str], price: Money
) -> list[Outcome]:
    """Give listings a price; who has one in the cart is shown the new one before they pay.

    Raises:
        InvalidError: the price is none that a listing may have, or there are too many listings.
    """
    problem = price_problem(price)
    if problem is not None:
        raise InvalidError(problem, "bad_price", field="price")

    def act(listing: Listing) -> str:
        was = Money(listing.price_cents)
        if was == price and listing.state is not ListingState.DRAFT:
            return f"It costs {price} already."
        _set_price(session, services, listing, price)
        return f"Its price was {was} and is {price} now."

    return _each(session, services, seller_id, listing_ids, act)


def unlist(
    session: Session, services: Services, seller_id: str, listing_ids: Sequence[str]
) -> list[Outcome]:
    """Take listings off the shelves; their buyers keep what they bought."""

    def act(listing: Listing) -> str:
        if listing.state is ListingState.WITHDRAWN:
            return "It was off the shelves already."
        if listing.state is not ListingState.LIVE:
            raise ConflictError(f"It is not on sale: it is {_words(listing)}.")
        lifecycle.withdraw(session, listing, seller_id)
        return "It is off the shelves. Its buyers keep it."

    return _each(session, services, seller_id, listing_ids, act)


def list_again(
    session: Session, services: Services, seller_id: str, listing_ids: Sequence[str]
) -> list[Outcome]:
    """Put withdrawn listings back on the shelves, where nothing has changed that forbids it."""

    def act(listing: Listing) -> str:
        if listing.state is ListingState.LIVE:
            return "It is on sale already."
        if listing.state is not ListingState.WITHDRAWN:
            raise ConflictError(
                f"Only what was taken off the shelves can be listed again: it is {_words(listing)}."
            )
        lifecycle.relist(session, listing, seller_id)
        return "It is on sale again."

    return _each(session, services, seller_id, listing_ids, act)


def _set_price(session: Session, services: Services, listing: Listing, price: Money) -> None:
    if listing.state is ListingState.DRAFT:
        form = WizardForm(categories(session), target_models(session))
        typed = {"price": str(price).removeprefix("$")}
        drafts.write(session, services.vault, listing, form, typed)
    elif listing.state in (ListingState.LIVE, ListingState.WITHDRAWN):
        words = replace(shown_words(listing), price_cents=price.cents)
        touch_up(session, services.vault, services.queue, listing, words, listing.seller_id)
    elif listing.state in TURNED_AWAY:
        raise ConflictError("A moderator has to see it again. Change its price with the rest.")
    else:
        raise ConflictError("It is being checked. Set its price when that is over.")


def _words(listing: Listing) -> str:
    return {
        ListingState.DRAFT: "a draft",
        ListingState.VERIFYING: "being verified",
        ListingState.IN_REVIEW: "in review",
        ListingState.CHANGES: "waiting for your changes",
        ListingState.REJECTED: "rejected",
    }.get(listing.state, listing.state.value)


def _each(
    session: Session, services: Services, seller_id: str, listing_ids: Sequence[str], act: Act
) -> list[Outcome]:
    """Try each by itself; rows are locked in one order, reports come in the order asked for."""
    wanted = list(dict.fromkeys(listing_ids))
    if len(wanted) > MOST_AT_ONCE:
        raise InvalidError(
            f"These are {len(wanted):,} listings. Choose at most {MOST_AT_ONCE} at once.",
            "too_many",
            field="listing",
        )
    found = session.scalars(
        select(Listing)
        .where(Listing.seller_id == seller_id, Listing.id.in_(wanted))
        .order_by(Listing.id)
    ).all()
    outcomes = {listing.id: _try(session, listing, act) for listing in found}
    if any(outcome.done for outcome in outcomes.values()):
        enqueue(session, services.queue, TaskName.UPDATE_SEARCH)
    gone = "There is no such listing of yours."
    return [
        outcomes.get(listing_id) or Outcome(listing_id, "A listing that is gone", False, gone)
        for listing_id in wanted
    ]


def _try(session: Session, listing: Listing, act: Act) -> Outcome:
    try:
        with session.begin_nested():
            lock_listing(session, listing)
            says = act(listing)
    except DomainError as error:
        return Outcome(listing.id, listing.title, False, error.message)
    return Outcome(listing.id, listing.title, True, says)
