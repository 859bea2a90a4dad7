"""Pages about the desk's own quality: rules, second looks, the team; labels and bulk decisions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.moderation import trust
from marketplace.moderation.decisions.operations import settle
from marketplace.moderation.quality import bulk as bulk_operations
from marketplace.moderation.quality import labels, second_looks, workload
from marketplace.task_names import TaskName

blueprint = Blueprint("quality", __name__, url_prefix="/moderate")


@blueprint.post("/findings/label")
@requires(Permission.MODERATE_CASES_DECIDE)
def label() -> Any:
    """Say whether a finding is right."""
    is_right = "right" in request.form
    finding_id = request.form.get("right") or request.form.get("wrong", "")
    labels.label(db(), finding_id, current_user.id, is_right)
    if request.headers.get("X-Requested-With") == "fetch":
        return "", 204
    flash("Thank you: the rule’s precision is counted by such labels.", "info")
    return redirect(url_for("moderate.case", case_id=request.form.get("case", "none")))


@blueprint.get("/rules")
@requires(Permission.MODERATE_CASES_READ)
def rules() -> Any:
    """Precision per rule, as labelled."""
    return render_template("moderation/rules.html", rules=labels.precision_per_rule(db()))


@blueprint.get("/second-looks")
@requires(Permission.MODERATE_CASES_READ)
def looks() -> Any:
    """Approvals that were drawn for a second look."""
    return render_template(
        "moderation/looks.html",
        looks=second_looks.waiting(db()),
        looks_waiting=second_looks.waiting_count(db()),
    )


@blueprint.post("/second-looks/<look_id>")
@requires(Permission.MODERATE_CASES_DECIDE)
def look(look_id: str) -> Any:
    """Say whether one would have decided alike."""
    agrees = request.form.get("agrees") == "yes"
    try:
        second_looks.record(db(), look_id, current_user, agrees, request.form.get("note", ""))
        flash("Noted.", "success")
    except (ConflictError, InvalidError) as error:
        flash(error.message, "error")
    return redirect(url_for("quality.looks"))


@blueprint.get("/team")
@requires(Permission.MODERATE_TEAM_READ)
def team() -> Any:
    """Workload and quality of the moderators."""
    days = request.args.get("days", "30")
    chosen = int(days) if days in {str(one) for one in workload.DAYS} else 30
    return render_template(
        "moderation/team.html",
        work=workload.workload(db(), chosen),
        days=chosen,
        choices=workload.DAYS,
        trusted_by=trust.switched_on_by(db()),
        least=trust.LEAST_APPROVED,
    )


@blueprint.get("/transparency.csv")
@requires(Permission.MODERATE_TEAM_READ)
def transparency() -> Response:
    """Decisions in numbers, for reports to the public."""
    answer = Response(workload.transparency_csv(db()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=transparency.csv"
    return answer


@blueprint.post("/trust")
@requires(Permission.MODERATE_TRUST_WRITE)
def switch_trust() -> Any:
    """Switch trust lanes on or off."""
    on = request.form.get("on") == "yes"
    trust.switch(db(), on, current_user)
    flash("Trust lanes are on, in your name." if on else "Trust lanes are off.", "success")
    return redirect(url_for("quality.team"))


@blueprint.post("/bulk")
@requires(Permission.MODERATE_CASES_DECIDE)
def bulk() -> Any:
    """Reject the chosen cases as spam."""
    undo = services().settings.undo_seconds
    made, left = bulk_operations.reject_as_spam(
        db(),
        request.form.getlist("case"),
        current_user,
        request.form.get("note", "").strip()[:500],
        timedelta(seconds=undo),
    )
    for decision in made:
        if undo:
            enqueue(db(), services().queue, TaskName.SETTLE_DECISION, decision.id, delay=undo)
        else:
            settle(db(), decision.id)
    said = f"{len(made)} rejected as spam."
    flash(said + (f" {left} left alone: in other hands, or decided." if left else ""), "success")
    return redirect(url_for("moderate.queue"))
