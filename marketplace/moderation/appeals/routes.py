"""Appeals: the moderators' list and one appeal; the seller's decisions, and the form."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import InputRequired

from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.moderation import queries as cases
from marketplace.moderation.appeals import operations, queries
from marketplace.moderation.appeals.models import Appeal
from marketplace.moderation.decisions.telling import findings_told
from marketplace.moderation.rules import stake_of
from marketplace.moderation.standing.queries import points_of, strikes_of, suspensions_of
from marketplace.moderation.states import Lane
from marketplace.policy.codes import SUSPEND_AT

blueprint = Blueprint("appeals", __name__)


class AppealForm(FlaskForm):
    """The seller's words."""

    text = TextAreaField(
        "Why is the decision wrong?",
        description="A moderator who did not decide reads it, with your listing beside it.",
        validators=[InputRequired("Say in a sentence or two what is wrong with the decision.")],
        filters=[lambda text: (text or "").replace("\x00", "")],
    )


@blueprint.get("/sell/decisions")
@requires(Permission.SELL_LISTINGS_WRITE)
def decisions() -> Any:
    """Decisions about the seller's listings, and how the shop stands."""
    found = queries.decisions_about(db(), current_user.id)
    return render_template(
        "moderation/decisions.html",
        decisions=found,
        appeals=queries.appeals_of(db(), [one.id for one in found]),
        strikes=strikes_of(db(), current_user.id),
        points=points_of(db(), current_user.id),
        suspend_at=SUSPEND_AT,
        suspensions=suspensions_of(db(), current_user.id),
        now=now(),
    )


@blueprint.route("/sell/decisions/<decision_id>", methods=["GET", "POST"])
@requires(Permission.SELL_LISTINGS_WRITE)
def decision(decision_id: str) -> Any:
    """One decision with its statement of reasons; and the form to object."""
    found = queries.decision_for(db(), decision_id, current_user.id)
    form = AppealForm()
    if form.validate_on_submit():
        try:
            operations.appeal(
                db(), services().vault, found.id, current_user.id, form.text.data or ""
            )
        except (InvalidError, ConflictError) as error:
            form.text.errors = [error.message]
        else:
            flash("Your appeal is in. Another moderator answers within three days.", "success")
            return redirect(url_for("appeals.decision", decision_id=found.id))
    until = operations.appeal_until(found)
    page = render_template(
        "moderation/decision.html",
        decision=found,
        lines=findings_told(db(), services().vault, found),
        appeal=queries.appeals_of(db(), [found.id]).get(found.id),
        until=until if until is not None and until > now() else None,
        form=form,
    )
    return page, 422 if form.errors else 200


@blueprint.get("/moderate/appeals")
@requires(Permission.MODERATE_CASES_READ)
def index() -> Any:
    """A tab of the queue: appeals that wait for an answer, those due first at the top."""
    return render_template(
        "moderation/appeals.html",
        appeals=queries.waiting(db()),
        tab="appeals",
        order=cases.Order.AGE,
        lanes=list(Lane),
        counts=cases.counts(db(), current_user.id),
        appealed=queries.waiting_count(db()),
    )


@blueprint.get("/moderate/appeals/<appeal_id>")
@requires(Permission.MODERATE_CASES_READ)
def one(appeal_id: str) -> Any:
    """One appeal beside the decision; its words for the moderator who has taken it."""
    return _page(appeal_id)


def _page(appeal_id: str) -> str:
    found = queries.appeal_by_id(db(), appeal_id)
    mine = found.claimed_by == current_user.id
    return render_template(
        "moderation/appeal.html",
        appeal=found,
        mine=mine and found.state == "claimed",
        barred=_barred(found),
        text=services().vault.open(found.text_sealed) if mine else None,
    )


def _barred(found: Appeal) -> str | None:
    """Why the person at the page may not answer the appeal; None where they may."""
    if found.first_moderator_id == current_user.id:
        return "The decision was yours; another moderator has to look at the appeal."
    return stake_of(db(), found.decision.case, current_user.id)


@blueprint.post("/moderate/appeals/<appeal_id>/claim")
@requires(Permission.MODERATE_CASES_DECIDE)
def claim(appeal_id: str) -> Any:
    """Take an appeal."""
    try:
        operations.claim(db(), appeal_id, current_user)
    except (ConflictError, InvalidError) as error:
        flash(error.message, "error")
    return redirect(url_for("appeals.one", appeal_id=appeal_id))


@blueprint.post("/moderate/appeals/<appeal_id>/answer")
@requires(Permission.MODERATE_CASES_DECIDE)
def answer(appeal_id: str) -> Any:
    """Answer an appeal; where it is right, the case is opened again for the one who says so."""
    overturn = request.form.get("verdict") == "overturn"
    try:
        again = operations.answer(
            db(), appeal_id, current_user, overturn, request.form.get("answer", "")
        )
    except InvalidError as error:
        flash(error.message, "error")
        return _page(appeal_id), 422  # with what was typed
    except ConflictError as error:
        flash(error.message, "error")
        return redirect(url_for("appeals.one", appeal_id=appeal_id))
    flash("The appeal is answered.", "success")
    if again is not None:
        return redirect(url_for("moderate.case", case_id=again.id))
    return redirect(url_for("appeals.index"))
