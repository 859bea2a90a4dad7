"""The demo's fixed accounts, for whoever tells newcomers how to log in. Imports nothing."""

DEMO_PASSWORD = "open-bracket-26"  # noqa: S105 - public on purpose: it opens play money only

SELLER = "seller@bracket.example"
BUYER = "buyer@bracket.example"
MODERATOR = "moderator@bracket.example"
ADMIN = "admin@bracket.example"

DEMO_ACCOUNTS: list[tuple[str, str]] = [
    ("Seller", SELLER),
    ("Buyer", BUYER),
    ("Moderator", MODERATOR),
    ("Admin", ADMIN),
]
"""(role, address), in the order in which they are worth trying."""
