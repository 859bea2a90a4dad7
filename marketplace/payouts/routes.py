"""Everything about a seller's money below /sell, as a table of contents."""

from __future__ import annotations

from flask import Blueprint

from marketplace.payouts import account_views, balance_views, payout_views, statement_views

blueprint = Blueprint("payouts", __name__, url_prefix="/sell")

GET, POST = ("GET",), ("POST",)
ROUTES = (
    ("/onboarding", "account", account_views.account, GET),
    ("/onboarding", "onboard", account_views.onboard, POST),
    ("/onboarding/return", "onboarding_return", account_views.onboarding_return, GET),
    ("/onboarding/refresh", "onboarding_refresh", account_views.onboarding_refresh, GET),
    ("/onboarding/dashboard", "dashboard", account_views.dashboard, POST),
    ("/balance", "balance", balance_views.balance, GET),
    ("/sales", "sales", balance_views.sales, GET),
    ("/sales/<line_id>", "sale", balance_views.sale, GET),
    ("/statements", "statements", statement_views.statements, GET),
    ("/statements/<month>.csv", "statement_csv", statement_views.as_csv, GET),
    ("/statements/<month>.pdf", "statement_pdf", statement_views.as_pdf, GET),
    ("/payouts", "index", payout_views.index, GET),
    ("/payouts", "schedule", payout_views.schedule, POST),
    ("/payouts/now", "pay_out", payout_views.pay_out, POST),
    ("/payouts/resume", "resume", payout_views.resume, POST),
)

for rule, endpoint, view, methods in ROUTES:
    blueprint.add_url_rule(rule, endpoint, view, methods=list(methods))
