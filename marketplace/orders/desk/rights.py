"""Who may decide about whom: nobody about their own purchases and sales."""

from __future__ import annotations

from flask_security import current_user

from marketplace.core.errors import ForbiddenError
from marketplace.core.permissions import Role
from marketplace.orders.models import Order

OWN = "This concerns your own money: somebody else has to decide it."


def must_not_be_own(*people: str | None) -> None:
    """Refuse when the person at the desk is among ``people``, unless they own the house.

    Raises:
        ForbiddenError: with a text for people.
    """
    if is_own(*people):
        raise ForbiddenError(OWN, "own_money")


def is_own(*people: str | None) -> bool:
    """True when the person at the desk is among ``people`` and does not own the house."""
    return current_user.id in people and Role.ADMIN.value not in current_user.role_names


def parties(order: Order) -> tuple[str, ...]:
    """The buyer and the sellers of an order."""
    return (order.buyer_id, *(line.seller_id for line in order.lines))
