"""Reviews: everybody's page of them, the author's form, the seller's and the moderators' lists."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug.datastructures import FileStorage

from marketplace.community import review_queries, reviewing
from marketplace.community.forms import HideForm, ReplyForm, ReviewForm
from marketplace.community.models import Review
from marketplace.community.review_queries import ReviewSort
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.ids import is_id, split_slug
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import login_required, public, requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.discovery.queries import listing_for
from marketplace.images import CheckedImage, UploadError, read_upload
from marketplace.listings.routes import allow_large_forms

LIST_SIZE = 20
SORT_NAMES = {
    ReviewSort.NEWEST: "Newest",
    ReviewSort.HIGHEST: "Highest",
    ReviewSort.LOWEST: "Lowest",
}

blueprint = Blueprint("reviews", __name__)
allow_large_forms(blueprint, "reviews.write")


@blueprint.get("/p/<path>/reviews")
@public
def index(path: str) -> Any:
    """All reviews of a listing, a page at a time."""
    listing, _ = listing_for(db(), split_slug(path)[1], None)
    wanted = request.args.get("sort", "")
    sort = ReviewSort(wanted) if wanted in list(ReviewSort) else ReviewSort.NEWEST
    after = request.args.get("after", "")
    return render_template(
        "community/reviews.html",
        listing=listing,
        rating=review_queries.rating_of(db(), listing.id),
        page=review_queries.reviews_of_listing(db(), listing.id, sort, after),
        sort=sort,
        sorts=SORT_NAMES,
        first=not after,
    )


@blueprint.route("/reviews/write/<entitlement_id>", methods=["GET", "POST"])
@login_required
def write(entitlement_id: str) -> Any:
    """Write or change the review of a purchase."""
    right = reviewing.own_purchase(db(), current_user.id, entitlement_id)
    review = reviewing.review_of_purchase(db(), right)
    form = ReviewForm(data={"rating": str(review.rating), "text": review.text} if review else None)
    if form.validate_on_submit() and _save(form, entitlement_id):
        flash("Thank you: your review is published.", "success")
        return redirect(url_for("discovery.listing", path=right.listing.path, _anchor="reviews"))
    page = render_template("community/write_review.html", form=form, right=right, review=review)
    return page, 422 if form.is_submitted() else 200


def _save(form: ReviewForm, entitlement_id: str) -> bool:
    """Write what the form says; where it is refused, the form says why and keeps what it holds."""
    try:
        words = reviewing.Words(
            rating=int(form.rating.data),
            text=form.text.data or "",
            picture=_picture(form.picture.data),
            drop_picture=bool(form.drop_picture.data),
        )
        reviewing.write_review(db(), services(), current_user.id, entitlement_id, words)
    except UploadError as error:
        form.picture.errors = [error.message]
    except InvalidError as error:
        form[error.field or "text"].errors = [error.message]
    except ConflictError as error:
        form.form_errors.append(error.message)
    else:
        return True
    return False


def _picture(upload: object) -> CheckedImage | None:
    if not isinstance(upload, FileStorage) or not upload.filename:
        return None
    return read_upload(cast(BinaryIO, upload.stream), upload.filename)


@blueprint.get("/sell/reviews")
@requires(Permission.SELL_LISTINGS_WRITE)
def of_seller() -> Any:
    """What buyers say of the seller's listings, the unanswered first."""
    number = page_number()
    found = review_queries.reviews_for_seller(
        db(), current_user.id, LIST_SIZE + 1, offset=(number - 1) * LIST_SIZE
    )
    return render_template(
        "community/seller_reviews.html",
        rows=found[:LIST_SIZE],
        number=number,
        more=len(found) > LIST_SIZE,
        rating=review_queries.rating_of_seller(db(), current_user.id),
    )


@blueprint.route("/sell/reviews/<review_id>", methods=["GET", "POST"])
@requires(Permission.SELL_LISTINGS_WRITE)
def reply(review_id: str) -> Any:
    """Answer a review."""
    review = _named(review_id)
    if review.seller_id != current_user.id:
        raise NotFoundError
    form = ReplyForm(data={"text": review.reply or ""})
    if form.validate_on_submit():
        try:
            reviewing.reply(db(), services(), current_user.id, review.id, form.text.data or "")
        except InvalidError as error:
            form.text.errors = [error.message]
        else:
            flash("Your reply is published." if review.reply else "Your reply is gone.", "success")
            return redirect(url_for("reviews.of_seller"), 303)
    page = render_template("community/reply.html", form=form, review=review)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/moderate/reviews")
@requires(Permission.MODERATE_CASES_READ)
def moderate() -> Any:
    """The newest reviews, to be hidden where they must be."""
    return _moderation_page()


@blueprint.post("/moderate/reviews/<review_id>/hide")
@requires(Permission.MODERATE_CASES_DECIDE)
def hide(review_id: str) -> Any:
    """Take a review from the site."""
    form = HideForm()
    if not form.validate():
        return _moderation_page({review_id: next(iter(form.errors.values()))[0]}), 422
    reviewing.hide(db(), services(), current_user.id, review_id, form.reason.data or "")
    flash("The review is hidden, and its author is told why.", "success")
    return redirect(url_for("reviews.moderate"), 303)


@blueprint.post("/moderate/reviews/<review_id>/show")
@requires(Permission.MODERATE_CASES_DECIDE)
def show(review_id: str) -> Any:
    """Let everybody read it again."""
    reviewing.show(db(), current_user.id, review_id)
    flash("The review is shown again.", "success")
    return redirect(url_for("reviews.moderate"), 303)


def _moderation_page(errors: dict[str, Any] | None = None) -> str:
    number = page_number()
    found = review_queries.newest_reviews(db(), LIST_SIZE + 1, offset=(number - 1) * LIST_SIZE)
    return render_template(
        "community/moderate_reviews.html",
        rows=found[:LIST_SIZE],
        number=number,
        more=len(found) > LIST_SIZE,
        errors=errors or {},
    )


def _named(review_id: str) -> Review:
    review = db().get(Review, review_id) if is_id(review_id) else None
    if review is None:
        raise NotFoundError
    return review
