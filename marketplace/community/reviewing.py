"""The verbs of reviews: write, answer, hide, show. Nothing here commits."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from marketplace.accounts.mail import queue_mail
from marketplace.community.disclosure import refuse_disclosure
from marketplace.community.mails import review_hidden
from marketplace.community.models import MAX_REPLY, MAX_TEXT, Review, ReviewEvent, ReviewState
from marketplace.community.plain_text import clean_line, clean_text
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from marketplace.core.ids import is_id
from marketplace.images import CheckedImage
from marketplace.listings.operations import store_derivatives
from marketplace.orders.models import Entitlement
from marketplace.orders.states import EntitlementState

MAX_REASON = 500


@dataclass(frozen=True)
class Words:
    """What a buyer says: stars from 1 to 5, plain text, perhaps a picture.

    ``picture`` replaces the one that is there; ``drop_picture`` takes it away.
    """

    rating: int
    text: str
    picture: CheckedImage | None = None
    drop_picture: bool = False


def write_review(
    session: Session, services: Services, author_id: str, entitlement_id: str, words: Words
) -> Review:
    """Write the review of a purchase, or change it.

    A review outlives its purchase: after a refund it can still be changed, but not begun.

    Raises:
        NotFoundError: no such purchase, or another person's.
        ForbiddenError: a listing of one's own.
        ConflictError: nothing was said before the purchase was given back, or a moderator has
            hidden what was said.
        InvalidError: stars or text that cannot be taken; a text that gives the prompt away.
    """
    right = own_purchase(session, author_id, entitlement_id, lock=True)
    text = clean_text(words.text)
    if words.rating not in range(1, 6):
        raise InvalidError("Choose one to five stars.", "bad_rating", field="rating")
    if len(text) > MAX_TEXT:
        message = f"At most {MAX_TEXT:,} characters, please; these are {len(text):,}."
        raise InvalidError(message, "too_long", field="text")
    review = review_of_purchase(session, right)
    if review is None and right.state is not EntitlementState.GRANTED:
        raise ConflictError("Only what you own can be reviewed.", "not_owned")
    if review is not None and review.state is ReviewState.HIDDEN:
        raise ConflictError("A moderator has hidden this review; it cannot be changed.", "hidden")
    refuse_disclosure(session, services.vault, author_id, text, "text")
    if review is None:
        review = _begin(session, right, words.rating)
    else:
        review.edited_at = now()
        _note(session, review, "edit", author_id)
    review.rating, review.text = words.rating, text
    if words.drop_picture:
        review.picture = None
    if words.picture is not None:
        review.picture = store_derivatives(services.blobs, words.picture.image)
    session.flush()
    return review


def own_purchase(
    session: Session, author_id: str, entitlement_id: str, lock: bool = False
) -> Entitlement:
    """A purchase of somebody's, given back or not; locked, two forms sent at once queue up.

    Raises:
        NotFoundError: no such purchase, or another person's; ForbiddenError: one's own listing.
    """
    query = (
        select(Entitlement)
        .where(Entitlement.id == entitlement_id, Entitlement.buyer_id == author_id)
        .options(joinedload(Entitlement.listing, innerjoin=True))
    )
    if lock:
        query = query.with_for_update(of=Entitlement, key_share=True)
    right = session.scalar(query) if is_id(entitlement_id) else None
    if right is None:
        raise NotFoundError
    if right.listing.seller_id == author_id:
        raise ForbiddenError("You cannot review your own listing.", "own_listing")
    return right


def review_of_purchase(session: Session, right: Entitlement) -> Review | None:
    """What was said about a purchase, if anything."""
    return session.scalar(select(Review).where(Review.line_id == right.line_id))


def _begin(session: Session, right: Entitlement, rating: int) -> Review:
    review = Review(
        line_id=right.line_id,
        listing_id=right.listing_id,
        seller_id=right.listing.seller_id,
        author_id=right.buyer_id,
        rating=rating,
        text="",
    )
    session.add(review)
    session.flush()
    _note(session, review, "write", right.buyer_id)
    return review


def reply(
    session: Session, services: Services, seller_id: str, review_id: str, text: str
) -> Review:
    """The seller's one answer: a second replaces it, an empty one takes it back.

    Raises:
        NotFoundError: no such review, or of another seller's listing; InvalidError: too long, or
        a text that gives a prompt away.
    """
    review = _locked(session, review_id)
    if review.seller_id != seller_id:
        raise NotFoundError
    text = clean_text(text)
    if len(text) > MAX_REPLY:
        message = f"At most {MAX_REPLY:,} characters, please; these are {len(text):,}."
        raise InvalidError(message, "too_long", field="text")
    refuse_disclosure(session, services.vault, seller_id, text, "text")
    review.reply, review.replied_at = (text, now()) if text else (None, None)
    _note(session, review, "reply", seller_id)
    session.flush()
    return review


def hide(
    session: Session, services: Services, moderator_id: str, review_id: str, reason: str
) -> Review:
    """Take a review from the site and out of the rating; its author is told why.

    Raises:
        NotFoundError: no such review; InvalidError: no reason.
    """
    review = _locked(session, review_id)
    reason = clean_line(reason)
    if not 1 <= len(reason) <= MAX_REASON:
        message = f"Say why, in at most {MAX_REASON} characters: the author reads it."
        raise InvalidError(message, "no_reason", field="reason")
    if review.state is ReviewState.HIDDEN:
        return review
    review.hidden_at, review.hidden_reason = now(), reason
    _note(session, review, "hide", moderator_id, ReviewState.SHOWN, reason)
    mail = review_hidden(review, services.settings.public_url)
    queue_mail(session, services.queue, review.author.email, mail.subject, mail.text)
    session.flush()
    return review


def show(session: Session, moderator_id: str, review_id: str) -> Review:
    """Let everybody read a hidden review again. Raises NotFoundError."""
    review = _locked(session, review_id)
    if review.state is ReviewState.HIDDEN:
        review.hidden_at = review.hidden_reason = None
        _note(session, review, "show", moderator_id, ReviewState.HIDDEN)
        session.flush()
    return review


def _locked(session: Session, review_id: str) -> Review:
    review = session.get(Review, review_id, with_for_update=True) if is_id(review_id) else None
    if review is None:
        raise NotFoundError
    return review


def _note(
    session: Session,
    review: Review,
    action: str,
    actor_id: str,
    before: ReviewState | None = None,
    reason: str | None = None,
) -> None:
    session.add(
        ReviewEvent(
            review_id=review.id,
            action=action,
            from_state=before.value if before else review.state.value,
            to_state=review.state.value,
            actor_id=actor_id,
            reason=reason,
        )
    )
