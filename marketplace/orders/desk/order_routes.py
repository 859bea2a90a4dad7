"""The desk's first page, the search of orders, and one order's whole story."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db
from marketplace.orders import alerts
from marketplace.orders.desk import acts, overview, search
from marketplace.orders.desk.blueprint import blueprint, known_id
from marketplace.orders.desk.forms import ReasonForm
from marketplace.orders.desk.models import Act
from marketplace.orders.desk.order_view import order_view
from marketplace.orders.desk.rights import is_own, parties
from marketplace.orders.states import OrderState


@blueprint.get("", strict_slashes=False)
@requires(Permission.DESK_ORDERS_READ)
def index() -> str:
    """What waits for a person, and the alerts."""
    return render_template(
        "desk/index.html",
        alerts=alerts.open_alerts(db()),
        reconciliation=overview.last_reconciliation(db()),
        reason_form=ReasonForm(formdata=None),
    )


@blueprint.post("/alerts/<alert_id>/resolve")
@requires(Permission.DESK_BOOKS_WRITE)
def resolve_alert(alert_id: str) -> Any:
    """Close an alert, saying what was done about it."""
    form = ReasonForm()
    if not form.validate_on_submit():
        flash("The alert stays open: say what was done about it.", "error")
        return redirect(url_for("desk.index"))
    alert = alerts.resolve_alert(db(), known_id(alert_id), current_user.id)
    acts.record(
        db(),
        Act.RESOLVE_ALERT,
        current_user.id,
        form.reason.data,
        subject=f"{alert.kind}: {alert.subject}",
    )
    flash("The alert is closed.", "success")
    return redirect(url_for("desk.index"))


@blueprint.get("/orders")
@requires(Permission.DESK_ORDERS_READ)
def orders() -> str:
    """Orders that fit what was typed."""
    text, name = search.clean(request.args.get("q", "")), request.args.get("state", "")
    state = OrderState(name) if name in set(OrderState) else None
    page = search.find(db(), text, state, page_number())
    return render_template("desk/orders.html", page=page, q=text, state=state)


@blueprint.get("/orders/<order_id>")
@requires(Permission.DESK_ORDERS_READ)
def order(order_id: str) -> str:
    """One order's whole story."""
    view = order_view(db(), known_id(order_id))
    own = is_own(*parties(view.story.order))
    return render_template("desk/order.html", view=view, own=own)


@blueprint.get("/acts")
@requires(Permission.DESK_ORDERS_READ)
def log() -> str:
    """Everything that was done at the desk."""
    page = acts.acts_page(db(), page_number())
    names = acts.people(db(), [act.actor_id for act in page.items])
    return render_template("desk/acts.html", page=page, names=names)
