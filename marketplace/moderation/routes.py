"""The desk's pages: the queue and one case."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.moderation import operations, queries
from marketplace.moderation.complaints.queries import open_count
from marketplace.moderation.forms import NAMES, TEXTS, ApproveForm, RejectForm
from marketplace.moderation.presenters import case_view
from marketplace.moderation.states import CaseState
from marketplace.task_names import TaskName

blueprint = Blueprint("moderate", __name__, url_prefix="/moderate")
TABS = ("waiting", "mine", "decided")


@blueprint.get("")
@requires(Permission.MODERATE_CASES_READ)
def queue() -> Any:
    """The list of cases."""
    tab = request.args.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    page = queries.queue(db(), page_number(), tab, current_user.id)
    counts = queries.counts(db(), current_user.id)
    return render_template(
        "moderation/queue.html", page=page, tab=tab, counts=counts, reported=open_count(db())
    )


@blueprint.get("/<case_id>")
@requires(Permission.MODERATE_CASES_READ)
def case(case_id: str) -> Any:
    """One case with its evidence."""
    return _page(case_id, ApproveForm(formdata=None), RejectForm(formdata=None))


@blueprint.post("/<case_id>/claim")
@requires(Permission.MODERATE_CASES_DECIDE)
def claim(case_id: str) -> Any:
    """Start working on a case."""
    try:
        operations.claim(db(), case_id, current_user)
    except (ConflictError, InvalidError) as error:
        flash(error.message, "error")
    return redirect(url_for("moderate.case", case_id=case_id))


@blueprint.post("/<case_id>/release")
@requires(Permission.MODERATE_CASES_DECIDE)
def release(case_id: str) -> Any:
    """Stop working on a case without deciding."""
    operations.release(db(), case_id, current_user)
    flash("The case is back in the queue.", "info")
    return redirect(url_for("moderate.queue"))


@blueprint.post("/<case_id>/approve")
@requires(Permission.MODERATE_CASES_DECIDE)
def approve(case_id: str) -> Any:
    """Publish the listing."""
    form = ApproveForm()
    if not form.validate_on_submit():
        return _page(case_id, form, RejectForm(formdata=None)), 422
    try:
        decided = operations.approve(
            db(), case_id, current_user, form.note.data or "", form.override.data
        )
    except InvalidError as error:
        _put_error(form, error)
        return _page(case_id, form, RejectForm(formdata=None)), 422
    if decided.state is CaseState.APPROVED:
        enqueue(db(), services().queue, TaskName.UPDATE_SEARCH)
        flash(f"“{decided.listing.title}” is live.", "success")
    else:
        flash(
            f"Your approval of “{decided.listing.title}” stands. It goes live when a second "
            "moderator approves it.",
            "success",
        )
    return _next(case_id)


@blueprint.post("/<case_id>/reject")
@requires(Permission.MODERATE_CASES_DECIDE)
def reject(case_id: str) -> Any:
    """Turn the listing away."""
    form = RejectForm()
    if not form.validate_on_submit():
        return _page(case_id, ApproveForm(formdata=None), form), 422
    decided = operations.reject(db(), case_id, current_user, form.reason(), form.note.data or "")
    flash(f"“{decided.listing.title}” was rejected; the seller sees your reason.", "success")
    return _next(case_id)


def _page(case_id: str, approve_form: ApproveForm, reject_form: RejectForm) -> str:
    found = queries.case_by_id(db(), case_id)
    view = case_view(db(), services().vault, found, current_user)
    return render_template(
        "moderation/case.html",
        view=view,
        approve_form=approve_form,
        reject_form=reject_form,
        reason_texts=TEXTS,
        reason_names=NAMES,
    )


def _put_error(form: ApproveForm, error: InvalidError) -> None:
    """Show an operation's refusal beside the field it concerns."""
    field = form.override if error.field == "override" else form.note
    field.errors = [*field.errors, error.message]


def _next(case_id: str) -> Any:
    """Go on with the oldest case nobody works on, or back to the list."""
    following = queries.next_waiting(db(), queries.case_by_id(db(), case_id))
    if following is None:
        return redirect(url_for("moderate.queue"))
    return redirect(url_for("moderate.case", case_id=following.id))
