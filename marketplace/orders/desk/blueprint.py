"""The desk's blueprint and what its pages share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import may
from marketplace.core.web.request_scope import db
from marketplace.orders.desk import words
from marketplace.orders.desk.overview import todo

blueprint = Blueprint("desk", __name__, url_prefix="/desk")


@blueprint.context_processor
def page_values() -> dict[str, Any]:
    """What every page of the desk shows: the words, and how much waits behind each tab."""
    if not may(Permission.DESK_ORDERS_READ):
        return {}  # the page that says that there is nothing here
    return {"words": words, "todo": todo(db())}


def known_id(text: str) -> str:
    """An id from an address.

    Raises:
        NotFoundError: it does not have the form of one.
    """
    if not is_id(text):
        raise NotFoundError
    return text
