"""A seller's standing at the desk: strikes, suspensions, and the two ways to change it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db
from marketplace.moderation.appeals.queries import decisions_about
from marketplace.moderation.standing import operations, queries
from marketplace.policy.codes import SUSPEND_AT

blueprint = Blueprint("standing", __name__, url_prefix="/moderate/sellers")


@blueprint.get("/<seller_id>")
@requires(Permission.MODERATE_CASES_READ)
def seller(seller_id: str) -> Any:
    """How a seller stands."""
    return _page(seller_id)


def _page(seller_id: str, problem: str = "") -> str:
    """The page; with a problem, what was typed stands in its form again."""
    profile = db().get(SellerProfile, seller_id)
    if profile is None:
        raise NotFoundError
    return render_template(
        "moderation/seller.html",
        seller=profile,
        standing=queries.standing_of(db(), profile),
        strikes=queries.strikes_of(db(), seller_id),
        suspensions=queries.suspensions_of(db(), seller_id),
        decisions=decisions_about(db(), seller_id),
        suspend_at=SUSPEND_AT,
        now=now(),
        problem=problem,
    )


@blueprint.post("/<seller_id>/suspend")
@requires(Permission.MODERATE_CASES_DECIDE)
def suspend(seller_id: str) -> Any:
    """Suspend a seller for some days, or for good."""
    days = request.form.get("days", "")
    try:
        if days and not (days.isascii() and days.isdigit() and len(days) < 5):
            raise InvalidError("Write the number of days, or leave it empty for good.")
        term = timedelta(days=int(days)) if days else None
        cause = request.form.get("cause", "")
        operations.suspend(db(), seller_id, cause, term, current_user.id)
        flash("The shop is suspended; its seller is told why and for how long.", "success")
    except InvalidError as error:
        return _page(seller_id, error.message), 422
    except ConflictError as error:
        flash(error.message, "error")
    return redirect(url_for("standing.seller", seller_id=seller_id))


@blueprint.post("/<seller_id>/reinstate")
@requires(Permission.MODERATE_CASES_DECIDE)
def reinstate(seller_id: str) -> Any:
    """End a suspension before its term."""
    try:
        operations.reinstate(db(), seller_id, request.form.get("note", ""), current_user.id)
        flash("The shop is open again; its seller is told why.", "success")
    except InvalidError as error:
        return _page(seller_id, error.message), 422
    except ConflictError as error:
        flash(error.message, "error")
    return redirect(url_for("standing.seller", seller_id=seller_id))
