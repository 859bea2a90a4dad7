"""A seller's dashboard and shop below /sell, as a table of contents."""

from __future__ import annotations

from flask import Blueprint

from marketplace.insights import dashboard_views, shelf_views, store
from marketplace.insights.tables import written

blueprint = Blueprint("insights", __name__, url_prefix="/sell")

GET, POST = ("GET",), ("POST",)
ROUTES = (
    ("/dashboard", "dashboard", dashboard_views.dashboard, GET),
    ("/dashboard/<slug>.csv", "as_csv", dashboard_views.as_csv, GET),
    ("/listings", "table", shelf_views.table, GET),
    ("/listings", "act", shelf_views.act, POST),
    ("/store", "store", store.store, GET + POST),
)

blueprint.add_app_template_filter(written, "written")

for rule, endpoint, view, methods in ROUTES:
    blueprint.add_url_rule(rule, endpoint, view, methods=list(methods))
