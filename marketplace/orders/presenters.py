"""The ledger's accounts and entries in words."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.orders import ledger
from marketplace.orders.models import LedgerEntry

ACCOUNT_NAMES = {
    ledger.STRIPE_BALANCE: "Balance at Stripe",
    ledger.COMMISSION: "Bracket's commission",
    ledger.STRIPE_FEES: "Stripe's fees",
    ledger.DISPUTE_FEES: "Fees for disputes",
    ledger.CONNECT_FEES: "Stripe's fees for no one payment",
    ledger.TAX_PAYABLE: "Tax to be paid on",
    ledger.LOSS: "Losses",
    ledger.BANK: "Bracket's bank account",
}
ENTRY_TITLES = {
    ledger.EntryKind.CHARGE: "A buyer paid",
    ledger.EntryKind.FEE: "Stripe kept its fee",
    ledger.EntryKind.TRANSFER: "A seller was paid",
    ledger.EntryKind.REFUND: "A buyer got money back",
    ledger.EntryKind.REFUND_FAILED: "Money for a buyer came back from their bank",
    ledger.EntryKind.MANUAL_REFUND: "A buyer got money back by hand",
    ledger.EntryKind.REVERSAL: "A share was called back from a seller",
    ledger.EntryKind.DISPUTE_BT: "A bank moved disputed money",
    ledger.EntryKind.DISPUTE_RELEASED: "A dispute was won: its share is the seller's again",
    ledger.EntryKind.DISPUTE_LOST: "A dispute was lost",
    ledger.EntryKind.DISPUTE_RESTORED: "A lost dispute was won on appeal",
    ledger.EntryKind.WRITE_OFF: "A seller's debt was written off",
    ledger.EntryKind.WRITE_OFF_UNDONE: "A write-off was undone: the share was due after all",
    ledger.EntryKind.STRIPE_FEE: "Stripe charged a fee",
    ledger.EntryKind.PAYOUT: "Money went to Bracket's bank",
    ledger.EntryKind.PAYOUT_FAILED: "Money came back from Bracket's bank",
}


def account_name(account: str, seller_names: Mapping[str, str]) -> str:
    """An account for people; ``seller_names`` maps seller ids to display names."""
    if account.startswith(ledger.SELLER_PREFIX):
        seller_id = account.removeprefix(ledger.SELLER_PREFIX)
        return f"Owed to {seller_names.get(seller_id, seller_id)}"
    if account.startswith(ledger.HELD_PREFIX):
        return f"Kept back until dispute {account.removeprefix(ledger.HELD_PREFIX)} is decided"
    if account.startswith(ledger.SUSPENSE_PREFIX):
        return f"With the bank, dispute {account.removeprefix(ledger.SUSPENSE_PREFIX)}"
    if account.startswith(ledger.REVIEW_PREFIX):
        return f"Under review, order {account.removeprefix(ledger.REVIEW_PREFIX)}"
    return ACCOUNT_NAMES.get(account, account)


def entry_title(entry: LedgerEntry) -> str:
    """What an entry is about; a kind without words shows its own name."""
    return kind_title(entry.kind)


def kind_title(kind: str) -> str:
    """What entries of a kind are about."""
    return {one.value: title for one, title in ENTRY_TITLES.items()}.get(kind, kind)
