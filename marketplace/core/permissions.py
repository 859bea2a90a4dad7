"""Who may do what: roles to permissions, as a table."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is here. Everyone with an account may buy."""

    SELLER = "seller"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Permission(StrEnum):
    """scope:resource:action; reading and writing are separate."""

    SELL_LISTINGS_WRITE = "sell:listings:write"
    MODERATE_CASES_READ = "moderate:cases:read"
    MODERATE_CASES_DECIDE = "moderate:cases:decide"
    OWN_LEDGER_READ = "own:ledger:read"


GRANTS: dict[Role, frozenset[Permission]] = {
    Role.SELLER: frozenset({Permission.SELL_LISTINGS_WRITE}),
    Role.MODERATOR: frozenset({Permission.MODERATE_CASES_READ, Permission.MODERATE_CASES_DECIDE}),
    Role.ADMIN: frozenset({Permission.MODERATE_CASES_READ, Permission.OWN_LEDGER_READ}),
}


def granted(roles: list[str]) -> frozenset[Permission]:
    """Every permission that the named roles give."""
    return frozenset().union(*(GRANTS[role] for role in Role if role.value in roles))
