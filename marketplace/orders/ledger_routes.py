"""The books, for the owner of the house: read only."""

from __future__ import annotations

from flask import Blueprint, render_template

from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import Page, page_number
from marketplace.core.web.request_scope import db
from marketplace.orders import ledger, ledger_totals
from marketplace.orders.presenters import account_name, entry_title

blueprint = Blueprint("ledger", __name__, url_prefix="/ledger")

PAGE_SIZE = 25


@blueprint.get("", strict_slashes=False)
@requires(Permission.OWN_LEDGER_READ)
def index() -> str:
    """Totals in words, the trial balance, and every entry with its postings."""
    number = page_number()
    entries = ledger.newest_entries(db(), PAGE_SIZE, (number - 1) * PAGE_SIZE)
    balances = ledger.balances(db())
    names = ledger.seller_names(db(), balances)
    return render_template(
        "orders/ledger.html",
        totals=ledger_totals.totals(db()),
        balances=[(account_name(account, names), cents) for account, cents in balances.items()],
        trial_balance=sum(balances.values()),
        entries=[
            (
                entry,
                entry_title(entry),
                [(account_name(leg.account, names), leg.amount_cents) for leg in entry.postings],
            )
            for entry in entries
        ],
        page=Page(entries, number, PAGE_SIZE, ledger.entry_count(db())),
    )
