"""What a seller's codes have brought, for their discounts' page: offers lies below orders."""

from __future__ import annotations

from flask import Flask
from flask_security import current_user

from marketplace.core.web.request_scope import db
from marketplace.orders.code_uses import CodeSales, sold_with_codes


def code_sales() -> dict[str, CodeSales]:
    """Paid orders and their sums by code, of the signed-in seller."""
    return sold_with_codes(db(), current_user.id)


def init_discount_panel(app: Flask) -> None:
    """Let templates call code_sales()."""
    app.jinja_env.globals["code_sales"] = code_sales
