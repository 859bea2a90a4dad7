"""A seller's sales, for the selling desk's page: listings lies below orders and cannot ask."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_security import current_user

from marketplace.core.web.guards import signed_in
from marketplace.core.web.request_scope import db
from marketplace.orders.balances import SellerBalance, seller_balance
from marketplace.orders.models import OrderLine
from marketplace.orders.queries import SalesSummary, sales_of, sales_summary

SHOWN = 10


@dataclass(frozen=True)
class SalesPanel:
    """Totals and the newest sales of the signed-in seller."""

    summary: SalesSummary
    balance: SellerBalance
    newest: list[OrderLine]


def seller_sales() -> SalesPanel | None:
    """The panel of whoever is signed in; None for strangers."""
    if not signed_in():
        return None
    seller_id = current_user.id
    return SalesPanel(
        sales_summary(db(), seller_id),
        seller_balance(db(), seller_id),
        sales_of(db(), seller_id, limit=SHOWN),
    )


def init_sales_panel(app: Flask) -> None:
    """Let templates call seller_sales()."""
    app.jinja_env.globals["seller_sales"] = seller_sales
