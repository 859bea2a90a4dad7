"""Reviews: who may write them, what they may not say, and sums that are always right."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail
from marketplace.community.models import MAX_TEXT, Review, ReviewEvent
from marketplace.community.review_queries import (
    ReviewSort,
    rating_of,
    rating_of_seller,
    ratings_of,
    reviews_of_listing,
)
from marketplace.community.reviewing import Words, hide, reply, show, write_review
from marketplace.core.container import Services
from marketplace.core.errors import (
    ConflictError,
    DomainError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from marketplace.gateways.blobs import public_key
from marketplace.images import read_upload
from marketplace.orders.states import EntitlementState
from tests.factories.accounts import make_user
from tests.factories.listings import picture_bytes
from tests.factories.shop import make_purchase
from tests.unit.community.conftest import FILLED, Street


def review(
    session: Session, services: Services, street: Street, rating: int = 4, text: str = "Good."
) -> Review:
    return write_review(
        session, services, street.buyer.id, street.right.id, Words(rating=rating, text=text)
    )


def test_a_buyer_writes_one_review_and_changes_it(
    session: Session, services: Services, street: Street
) -> None:
    first = review(session, services, street, 2, "Not  sharp.\r\n\r\n\r\n\r\nWell.\x00\u202e")
    assert (first.rating, first.text, first.edited_at) == (2, "Not  sharp.\n\nWell.", None)
    second = review(session, services, street, 5, "Much better after the update.")
    assert second is first
    assert second.edited_at is not None
    assert (rating_of(session, street.listing.id).mean, second.state) == (5, "shown")
    actions = select(ReviewEvent.action).where(ReviewEvent.review_id == first.id)
    assert set(session.scalars(actions)) == {"write", "edit"}
    session.add(
        Review(
            line_id=first.line_id,
            listing_id=first.listing_id,
            seller_id=first.seller_id,
            author_id=first.author_id,
            rating=1,
            text="twice",
        )
    )
    with pytest.raises(IntegrityError, match="uq_reviews_line_id"):
        session.flush()


def test_only_who_owns_a_purchase_may_begin(
    session: Session, services: Services, street: Street
) -> None:
    words = Words(rating=5, text="")
    with pytest.raises(NotFoundError):
        write_review(session, services, street.stranger.id, street.right.id, words)
    with pytest.raises(NotFoundError):
        write_review(session, services, street.stranger.id, "no id at all", words)
    own = make_purchase(session, street.seller.user, street.other)
    with pytest.raises(ForbiddenError, match="your own"):
        write_review(session, services, street.seller.user_id, own.id, words)
    for state in (EntitlementState.REVOKED, EntitlementState.SUSPENDED):
        street.right.state = state
        with pytest.raises(ConflictError, match="own"):
            review(session, services, street)
    assert session.scalar(select(Review.id)) is None


def test_a_refund_keeps_and_marks_it_and_buying_again_allows_another(
    session: Session, services: Services, street: Street
) -> None:
    review(session, services, street, 1)
    street.right.state = EntitlementState.REVOKED
    review(session, services, street, 2)
    again = make_purchase(session, street.buyer, street.listing)
    write_review(session, services, street.buyer.id, again.id, Words(rating=5, text="Again."))
    shown = reviews_of_listing(session, street.listing.id).reviews
    assert [(one.rating, one.refunded, one.author) for one in shown] == [
        (5, False, "Bo"),
        (2, True, "Bo"),
    ]


@pytest.mark.parametrize(
    ("rating", "text", "field"),
    [(0, "", "rating"), (6, "", "rating"), (3, "x" * (MAX_TEXT + 1), "text"), (5, FILLED, "text")],
)
def test_what_cannot_be_taken_is_refused_with_its_field(
    session: Session, services: Services, street: Street, rating: int, text: str, field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        review(session, services, street, rating, text)
    assert refused.value.field == field
    assert "velvet" not in refused.value.message
    assert session.scalar(select(Review.id)) is None


def test_a_prompt_is_refused_in_replies_too_and_elsewhere(
    session: Session, services: Services, street: Street
) -> None:
    """Whoever bought one prompt may not publish it below another listing."""
    elsewhere = make_purchase(session, street.buyer, street.other)
    with pytest.raises(InvalidError, match="prompt"):
        write_review(session, services, street.buyer.id, elsewhere.id, Words(5, FILLED))
    mine = review(session, services, street)
    with pytest.raises(InvalidError, match="prompt"):
        reply(session, services, street.seller.user_id, mine.id, f"You forgot {FILLED}!")
    assert mine.reply is None


def test_the_seller_has_one_reply(session: Session, services: Services, street: Street) -> None:
    mine = review(session, services, street)
    with pytest.raises(NotFoundError):
        reply(session, services, street.stranger.id, mine.id, "Thanks")
    reply(session, services, street.seller.user_id, mine.id, "Thanks")
    reply(session, services, street.seller.user_id, mine.id, "Thank you")
    assert (mine.reply, mine.replied_at is not None) == ("Thank you", True)
    reply(session, services, street.seller.user_id, mine.id, "  ")
    assert (mine.reply, mine.replied_at) == (None, None)


def test_a_hidden_review_counts_no_more_and_its_author_reads_why(
    session: Session, services: Services, street: Street
) -> None:
    mine = review(session, services, street, 1)
    moderator = make_user(session)
    with pytest.raises(InvalidError, match="Say why"):
        hide(session, services, moderator.id, mine.id, " ")
    for _ in range(2):
        hide(session, services, moderator.id, mine.id, "An insult.")
    assert rating_of(session, street.listing.id).ratings == 0
    assert reviews_of_listing(session, street.listing.id).reviews == []
    (mail,) = session.scalars(select(OutgoingMail))
    assert "An insult." in mail.body_text
    assert mail.recipient == street.buyer.email
    with pytest.raises(ConflictError, match="hidden"):
        review(session, services, street, 5)
    show(session, moderator.id, mine.id)
    assert rating_of(session, street.listing.id).counts[4] == (1, 1)


def test_a_picture_is_made_anew_from_its_pixels(
    session: Session, services: Services, street: Street
) -> None:
    info = PngInfo()
    info.add_text("parameters", FILLED)
    upload = read_upload(io.BytesIO(picture_bytes(7, pnginfo=info)), "mine.png")
    words = Words(rating=5, text="", picture=upload)
    mine = write_review(session, services, street.buyer.id, street.right.id, words)
    assert mine.picture is not None
    for kind in ("webp", "jpeg"):
        data = services.blobs.get(public_key(mine.picture[-1][kind]))
        assert b"velvet" not in data
        assert Image.open(io.BytesIO(data)).size == (128, 128)
    review(session, services, street)
    assert mine.picture is not None, "editing the words keeps the picture"
    gone = Words(rating=5, text="", drop_picture=True)
    assert write_review(session, services, street.buyer.id, street.right.id, gone).picture is None


def test_sums_are_exact_and_pages_follow_one_another(
    session: Session, services: Services, street: Street
) -> None:
    given = [5, 3, 5, 1, 3, 4]
    for rating in given:
        buyer = make_user(session)
        right = make_purchase(session, buyer, street.listing)
        write_review(session, services, buyer.id, right.id, Words(rating=rating, text=""))
    total = rating_of(session, street.listing.id)
    assert (total.ratings, total.stars) == (6, 21)
    assert total.counts == ((5, 2), (4, 1), (3, 2), (2, 0), (1, 1))
    ratings = ratings_of(session, [street.listing.id, street.other.id])
    assert {key: rating.mean for key, rating in ratings.items()} == {street.listing.id: 3.5}
    assert rating_of_seller(session, street.seller.user_id).mean == 3.5
    wanted = {
        ReviewSort.NEWEST: given[::-1],
        ReviewSort.HIGHEST: sorted(given, reverse=True),
        ReviewSort.LOWEST: sorted(given),
    }
    for sort, expected in wanted.items():
        found, after, ids = [], "", set()
        while True:
            page = reviews_of_listing(session, street.listing.id, sort, after, size=2)
            found += [one.rating for one in page.reviews]
            ids |= {one.id for one in page.reviews}
            if page.after is None:
                break
            after = page.after
        assert (found, len(ids)) == (expected, 6)
    for nonsense in ("x", "9~2026-01-01~0000000000000", "1~2026-01-01T00:00~0000000000000"):
        assert len(reviews_of_listing(session, street.listing.id, after=nonsense).reviews) == 6


def test_nobody_can_touch_what_is_not_there(session: Session, services: Services) -> None:
    for verb in (
        lambda: reply(session, services, "nobody", "0000000000000", "x"),
        lambda: hide(session, services, "nobody", "no id", "x"),
        lambda: show(session, "nobody", "0000000000000"),
    ):
        with pytest.raises(DomainError):
            verb()
