"""The seller's dashboard, and each of its figures as a file."""

from __future__ import annotations

from typing import cast

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import NotFoundError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db
from marketplace.insights.attention import attention
from marketplace.insights.charts import chart_of
from marketplace.insights.exports import figure_csv
from marketplace.insights.figures import board
from marketplace.insights.periods import CHOICES, read_period


@requires(Permission.SELL_LISTINGS_WRITE)
def dashboard() -> ResponseReturnValue:
    """What needs attention, then the figures of some days."""
    profile = own_profile()
    period = read_period(request.args.get("days", ""))
    found = board(db(), profile.user_id, period)
    return render_template(
        "insights/dashboard.html",
        profile=profile,
        items=attention(db(), profile),
        period=period,
        choices=CHOICES,
        keys=found.keys,
        figures=[
            (figure, None if figure.is_empty else chart_of(figure)) for figure in found.figures
        ],
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def as_csv(slug: str) -> ResponseReturnValue:
    """One figure as a file."""
    period = read_period(request.args.get("days", ""))
    figures = {one.slug: one for one in board(db(), own_profile().user_id, period).figures}
    if slug not in figures:
        raise NotFoundError
    response = Response(figure_csv(figures[slug]), content_type="text/csv; charset=utf-8")
    name = f"bracket-{slug}-{period.days}-days-{period.last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def own_profile() -> SellerProfile:
    """The seller who asks. Raises NotFoundError for somebody without a profile."""
    if current_user.seller is None:
        raise NotFoundError
    return cast(SellerProfile, current_user.seller)
