"""The ledger's accounts and entries in words."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.orders import ledger
from marketplace.orders.models import LedgerEntry

ACCOUNT_NAMES = {
    ledger.STRIPE_BALANCE: "Balance at Stripe",
    ledger.COMMISSION: "Bracket's commission",
    ledger.STRIPE_FEES: "Stripe's fees",
}
ENTRY_TITLES = {
    ledger.EntryKind.CHARGE: "A buyer paid",
    ledger.EntryKind.FEE: "Stripe kept its fee",
    ledger.EntryKind.TRANSFER: "A seller was paid",
}


def account_name(account: str, seller_names: Mapping[str, str]) -> str:
    """An account for people; ``seller_names`` maps seller ids to display names."""
    if account.startswith(ledger.SELLER_PREFIX):
        seller_id = account.removeprefix(ledger.SELLER_PREFIX)
        return f"Owed to {seller_names.get(seller_id, seller_id)}"
    if account.startswith(ledger.REVIEW_PREFIX):
        return f"Under review, order {account.removeprefix(ledger.REVIEW_PREFIX)}"
    return ACCOUNT_NAMES.get(account, account)


def entry_title(entry: LedgerEntry) -> str:
    """What an entry is about; a kind without words shows its own name."""
    return {kind.value: title for kind, title in ENTRY_TITLES.items()}.get(entry.kind, entry.kind)
