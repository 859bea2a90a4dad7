"""The form with which a listing is reported."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_security import current_user
from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from marketplace.core.errors import InvalidError
from marketplace.core.ids import split_slug
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import login_required, requires
from marketplace.core.web.request_scope import db
from marketplace.moderation.complaints import operations, queries
from marketplace.moderation.complaints.models import MAX_NOTE, REASON_TEXTS, Reason
from marketplace.moderation.states import Lane

blueprint = Blueprint("complaints", __name__)


class ComplaintForm(FlaskForm):
    """One reason from the closed list, and a few words."""

    reason = RadioField(
        "What is wrong?",
        choices=[SelectChoice(reason.value, text) for reason, text in REASON_TEXTS.items()],
        validators=[InputRequired("Choose what fits best.")],
    )
    note = TextAreaField(
        "What should we look at?",
        description="Only the moderators read it.",
        validators=[Length(max=MAX_NOTE, message="Shorten it to 1,000 characters, please.")],
        filters=[lambda text: (text or "").replace("\x00", "").strip()],
    )


@blueprint.route("/p/<path>/report", methods=["GET", "POST"])
@login_required
def report(path: str) -> Any:
    """Report a listing on sale to the moderators."""
    listing = queries.listing_on_sale(db(), split_slug(path)[1])
    form = ComplaintForm()
    if form.validate_on_submit():
        try:
            operations.complain(
                db(), listing, current_user.id, Reason(form.reason.data), form.note.data
            )
        except InvalidError as error:
            form.note.errors = [error.message]
        else:
            flash("Thank you. A moderator will look at it.", "success")
            return redirect(url_for("discovery.listing", path=listing.path))
    page = render_template("moderation/report.html", listing=listing, form=form)
    return page, 422 if form.errors else 200


@blueprint.get("/moderate/reports")
@requires(Permission.MODERATE_CASES_READ)
def index() -> Any:
    """Where reports were listed before they had a tab of the queue."""
    return redirect(url_for("moderate.queue", tab=Lane.REPORTS.value))
