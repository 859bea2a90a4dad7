"""All pages of the desk: importing this module registers them on the blueprint."""

from __future__ import annotations

from marketplace.orders.desk import (
    book_routes,
    dispute_routes,
    order_routes,
    refund_routes,
    request_routes,
    seller_routes,
)
from marketplace.orders.desk.blueprint import blueprint

PAGES = (
    order_routes,  # /desk  /desk/orders…  /desk/acts
    refund_routes,  # /desk/orders/…/refund
    request_routes,  # /desk/refunds…  /desk/parked/…
    dispute_routes,  # /desk/disputes…
    seller_routes,  # /desk/sellers…  /desk/lines/…
    book_routes,  # /desk/books…
)

__all__ = ["PAGES", "blueprint"]
