"""Who may do what: roles to permissions, as a table."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is here. Everyone with an account may buy."""

    SELLER = "seller"
    MODERATOR = "moderator"
    LEAD = "lead"
    """A moderator who also sees how the others work."""
    BOOKKEEPER = "bookkeeper"
    """Keeps the books for the owner; being a moderator besides is what lets them refund."""
    ADMIN = "admin"


class Permission(StrEnum):
    """scope:resource:action; reading and writing are separate."""

    SELL_LISTINGS_WRITE = "sell:listings:write"
    MODERATE_CASES_READ = "moderate:cases:read"
    MODERATE_CASES_DECIDE = "moderate:cases:decide"
    MODERATE_TEAM_READ = "moderate:team:read"
    """Workload and quality of the moderators, and the export for transparency reports."""
    MODERATE_TRUST_WRITE = "moderate:trust:write"
    """Switch trust lanes on or off."""
    OWN_LEDGER_READ = "own:ledger:read"
    DESK_ORDERS_READ = "desk:orders:read"
    DESK_REFUNDS_WRITE = "desk:refunds:write"
    DESK_HOLDS_WRITE = "desk:holds:write"
    DESK_DISPUTES_WRITE = "desk:disputes:write"
    DESK_MANUAL_WRITE = "desk:manual:write"
    """Say that a failed refund was paid from the house's bank account."""
    DESK_DEBTS_WRITE = "desk:debts:write"
    """Let the house bear a seller's debt."""
    DESK_BOOKS_READ = "desk:books:read"
    DESK_BOOKS_WRITE = "desk:books:write"
    """Reconcile now, and close alerts about money."""
    DESK_BOOKS_EXPORT = "desk:books:export"
    DESK_WEBHOOKS_WRITE = "desk:webhooks:write"


_DESK = frozenset(
    {
        Permission.DESK_ORDERS_READ,
        Permission.DESK_REFUNDS_WRITE,
        Permission.DESK_HOLDS_WRITE,
        Permission.DESK_DISPUTES_WRITE,
    }
)
_BOOKS = frozenset(
    {
        Permission.OWN_LEDGER_READ,
        Permission.DESK_ORDERS_READ,
        Permission.DESK_MANUAL_WRITE,
        Permission.DESK_DEBTS_WRITE,
        Permission.DESK_BOOKS_READ,
        Permission.DESK_BOOKS_WRITE,
        Permission.DESK_BOOKS_EXPORT,
    }
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.SELLER: frozenset({Permission.SELL_LISTINGS_WRITE}),
    Role.MODERATOR: frozenset({Permission.MODERATE_CASES_READ, Permission.MODERATE_CASES_DECIDE})
    | _DESK,
    Role.LEAD: frozenset(
        {
            Permission.MODERATE_CASES_READ,
            Permission.MODERATE_CASES_DECIDE,
            Permission.MODERATE_TEAM_READ,
        }
    )
    | _DESK,
    Role.BOOKKEEPER: _BOOKS,
    Role.ADMIN: frozenset(
        {
            Permission.MODERATE_CASES_READ,
            Permission.MODERATE_TEAM_READ,
            Permission.MODERATE_TRUST_WRITE,
            Permission.DESK_WEBHOOKS_WRITE,
        }
    )
    | _DESK
    | _BOOKS,
}


def granted(roles: list[str]) -> frozenset[Permission]:
    """Every permission that the named roles give."""
    return frozenset().union(*(GRANTS[role] for role in Role if role.value in roles))
