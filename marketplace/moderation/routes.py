"""The desk's pages: the queue, one case, claims and decisions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.moderation import operations, queries
from marketplace.moderation.advising import advice_on
from marketplace.moderation.appeals.queries import waiting_count as appeals_waiting
from marketplace.moderation.complaints.models import REASON_TEXTS
from marketplace.moderation.complaints.queries import reasons_of
from marketplace.moderation.decisions import operations as decisions
from marketplace.moderation.decisions.following import follow_up
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.forms import NAMES, TEXTS, DecisionForm
from marketplace.moderation.presenters import case_view, due_words, seconds_left
from marketplace.moderation.quality.labels import labels_of
from marketplace.moderation.quality.second_looks import waiting_count as looks_waiting
from marketplace.moderation.states import CaseState, DecisionKind, Lane, Limit
from marketplace.policy.codes import reason_codes
from marketplace.task_names import TaskName

blueprint = Blueprint("moderate", __name__, url_prefix="/moderate")
blueprint.app_template_filter("due")(due_words)
blueprint.app_template_filter("seconds_left")(seconds_left)
_KINDS = ", ".join(kind.value for kind in DecisionKind)


@blueprint.get("")
@requires(Permission.MODERATE_CASES_READ)
def queue() -> Any:
    """The list of cases."""
    tab, order = _place()
    counted = queries.counts(db(), current_user.id)
    page = queries.queue(db(), page_number(), tab, current_user.id, order, counted)
    return render_template(
        "moderation/queue.html",
        page=page,
        tab=tab,
        order=order,
        lanes=list(Lane),
        counts=counted,
        reported=reasons_of(db(), [case.id for case in page.items if case.on_sale]),
        reasons=REASON_TEXTS,
        appealed=appeals_waiting(db()),
        looks_waiting=looks_waiting(db()),
        undoable=decisions.undoable(db(), current_user.id),
    )


@blueprint.get("/<case_id>")
@requires(Permission.MODERATE_CASES_READ)
def case(case_id: str) -> Any:
    """One case with its evidence."""
    return _page(case_id, DecisionForm(formdata=None))


@blueprint.post("/next")
@requires(Permission.MODERATE_CASES_DECIDE)
def take_next() -> Any:
    """Claim the next case of a tab and open it; `after` goes on behind a case."""
    tab, order = _place()
    session = db()
    after = session.get(queries.Case, request.form.get("after", ""))
    found = queries.next_for(session, current_user.id, tab, order, after)
    if found is None:
        if not _by_script():
            flash("Nothing else waits here.", "info")
        return redirect(url_for("moderate.queue", tab=tab, order=order.value))
    operations.claim(session, found.id, current_user)
    return redirect(_address(found.id))


@blueprint.post("/<case_id>/claim")
@requires(Permission.MODERATE_CASES_DECIDE)
def claim(case_id: str) -> Any:
    """Start working on a case."""
    try:
        operations.claim(db(), case_id, current_user)
    except (ConflictError, InvalidError) as error:
        flash(error.message, "error")
    return redirect(_address(case_id))


@blueprint.post("/<case_id>/release")
@requires(Permission.MODERATE_CASES_DECIDE)
def release(case_id: str) -> Any:
    """Stop working on a case without deciding."""
    operations.release(db(), case_id, current_user)
    flash("The case is back in the queue.", "info")
    return redirect(url_for("moderate.queue"))


@blueprint.post(f"/<case_id>/<any({_KINDS}):kind>")
@requires(Permission.MODERATE_CASES_DECIDE)
def decide(case_id: str, kind: str) -> Any:
    """Decide; it takes effect in a moment, unless it is undone."""
    form, wanted = DecisionForm(), DecisionKind(kind)
    if not form.validate_on_submit():
        return _refused(case_id, form)
    session, parts = db(), services()
    undo = parts.settings.undo_seconds
    advice = advice_on(session, queries.case_by_id(session, case_id))
    ruling = form.ruling(wanted, advice)
    if ruling is None:
        return _refused(case_id, form)
    try:
        made = decisions.decide(session, case_id, current_user, ruling, timedelta(seconds=undo))
    except InvalidError as error:
        _put_error(form, error)
        return _refused(case_id, form)
    if undo:
        enqueue(session, parts.queue, TaskName.SETTLE_DECISION, made.id, delay=undo)
    else:
        decisions.settle(session, made.id)
        follow_up(session, parts.queue, made.id)
    return _decided(made)


@blueprint.post("/decisions/<decision_id>/undo")
@requires(Permission.MODERATE_CASES_DECIDE)
def undo(decision_id: str) -> Any:
    """Take one's own decision back before it takes effect."""
    try:
        taken_back = decisions.undo(db(), decision_id, current_user)
    except ConflictError as error:
        flash(error.message, "error")
        return redirect(url_for("moderate.queue"))
    flash("Undone: nothing has happened, and the case is yours again.", "success")
    return redirect(_address(taken_back.id))


def _page(case_id: str, form: DecisionForm) -> str:
    session = db()
    found = queries.case_by_id(session, case_id)
    view = case_view(session, services().vault, found, current_user)
    if not form.is_submitted():
        form.code.data = view.recommendation.code
    tab, order = _place()
    return render_template(
        "moderation/case.html",
        view=view,
        form=form,
        tab=tab,
        order=order,
        codes=list(reason_codes()),
        limits=list(Limit),
        reason_texts=TEXTS,
        reason_names=NAMES,
        reasons=REASON_TEXTS,
        labels=labels_of(session, [line.id for line in view.policy], current_user.id),
        undoable=decisions.undoable(session, current_user.id),
    )


def _refused(case_id: str, form: DecisionForm) -> Any:
    if _by_script():
        said = [message for messages in form.errors.values() for message in messages]
        return jsonify(error=" ".join(said)), 422
    return _page(case_id, form), 422


def _decided(made: Decision) -> Any:
    """On to the next case; a script has it already and only wants to know what to undo."""
    said = _sentence(made)
    if _by_script():
        return render_template("moderation/_undo.html", undoable=_if_pending(made), said=said)
    if not _if_pending(made):
        flash(said, "success")
    tab, order = _place()
    following = queries.next_for(db(), current_user.id, tab, order, made.case)
    if following is None:
        return redirect(url_for("moderate.queue", tab=tab, order=order.value))
    return redirect(_address(following.id))


def _if_pending(made: Decision) -> Decision | None:
    return made if made.case.state is CaseState.DECIDING else None


def _sentence(made: Decision) -> str:
    title, state = made.case.listing.title, made.case.state
    if made.case.on_sale and state is not CaseState.OPEN:
        return f"“{title}”: {made.statement['decision'].lower()}."
    if state is CaseState.APPROVED:
        return f"“{title}” is live."
    if state is CaseState.OPEN and made.kind.publishes:
        return (
            f"Your approval of “{title}” stands. It goes live when a second moderator approves it."
        )
    if state is CaseState.REJECTED:
        return f"“{title}” was rejected; the seller sees your reason."
    return f"“{title}”: {made.kind.label.lower()}."


def _put_error(form: DecisionForm, error: InvalidError) -> None:
    """Show an operation's refusal beside the field it concerns."""
    field = form[error.field] if error.field and error.field in form else form.note
    field.errors = [*field.errors, error.message]


def _place() -> tuple[str, queries.Order]:
    """The tab and its order, as the address says; anything unreadable means the first."""
    tab = request.values.get("tab", "waiting")
    order = request.values.get("order", "age")
    return (
        tab if tab in queries.TABS else "waiting",
        queries.Order(order)
        if order in {one.value for one in queries.Order}
        else queries.Order.AGE,
    )


def _address(case_id: str) -> str:
    """A case's page, within the tab one is working through."""
    tab, order = _place()
    return url_for(
        "moderate.case",
        case_id=case_id,
        tab=tab if tab != "waiting" else None,
        order=order.value if order is not queries.Order.AGE else None,
    )


def _by_script() -> bool:
    return request.headers.get("X-Requested-With") == "fetch"
