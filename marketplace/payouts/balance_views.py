"""A seller's balance, and every sale with what became of it."""

from __future__ import annotations

from flask import render_template
from flask_security import current_user

from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import Page, page_number
from marketplace.core.web.request_scope import db
from marketplace.orders.balances import sale_lines, seller_balance
from marketplace.orders.fees import COMMISSION_BASIS_POINTS
from marketplace.payouts import queries
from marketplace.payouts.presenters import hold_reason, moments, outcome, sale_row

PAGE_SIZE = 25


@requires(Permission.SELL_LISTINGS_WRITE)
def balance() -> str:
    """Where a seller's money is, with the reason and the end of each hold."""
    seller_id = current_user.id
    return render_template(
        "payouts/balance.html",
        balance=seller_balance(db(), seller_id),
        held=[(line, hold_reason(line)) for line in queries.held_lines(db(), seller_id)],
        disputed=queries.disputed_lines(db(), seller_id),
        debts=queries.debts_of(db(), seller_id),
        sales=queries.sales_count(db(), seller_id),
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def sales() -> str:
    """Every sale: country, price, commission, share, and what became of it."""
    seller_id, number = current_user.id, page_number()
    found = sale_lines(db(), seller_id, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    disputes = queries.disputes_of(db(), [sale.line.id for sale in found])
    rows = [sale_row(sale, disputes[sale.line.id]) for sale in found]
    return render_template(
        "payouts/sales.html",
        page=Page(rows, number, PAGE_SIZE, queries.sales_count(db(), seller_id)),
        percent=COMMISSION_BASIS_POINTS // 100,
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def sale(line_id: str) -> str:
    """One sale's whole story, as far as it is the seller's."""
    story = queries.sale_story(db(), current_user.id, line_id)
    line = story.line
    return render_template(
        "payouts/sale.html",
        line=line,
        country=line.order.billing_country or line.order.card_country,
        notes=outcome(line, story.disputes),
        moments=moments(story),
        held_because=hold_reason(line) if line.held_code else None,
    )
