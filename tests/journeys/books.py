"""What must be true of a purchase, whatever went wrong on its way."""

from __future__ import annotations

from tests.fixtures.stack import RunningStack, eventually

PRICE, COMMISSION, SHARE = 299, 60, 239


def order_of(stack: RunningStack, email: str, listing_id: str) -> str:
    """Id of a buyer's only order of a listing."""
    rows = stack.sql(
        "SELECT o.id FROM orders o JOIN users u ON u.id = o.buyer_id "
        "JOIN order_lines l ON l.order_id = o.id WHERE u.email = %s AND l.listing_id = %s",
        email,
        listing_id,
    )
    assert len(rows) == 1, f"{email} has {len(rows)} orders of this listing"
    return str(rows[0]["id"])


def assert_bought_once(stack: RunningStack, email: str, listing_id: str) -> None:
    """One order, one charge, one transfer, one entitlement, and books that balance."""
    order_id = order_of(stack, email, listing_id)

    def transferred() -> bool:
        rows = stack.sql("SELECT transfer_state FROM order_lines WHERE order_id = %s", order_id)
        return [row["transfer_state"] for row in rows] == ["done"]

    eventually(transferred, "the seller's transfer", 120)
    _assert_stripe_moved_money_once(stack, order_id)
    _assert_books(stack, order_id)
    owned = stack.sql(
        "SELECT e.id FROM entitlements e JOIN users u ON u.id = e.buyer_id "
        "WHERE u.email = %s AND e.listing_id = %s",
        email,
        listing_id,
    )
    assert len(owned) == 1


def _assert_stripe_moved_money_once(stack: RunningStack, order_id: str) -> None:
    state = stack.stripe_state()
    sessions = [s for s in state["sessions"] if s["metadata"].get("order_id") == order_id]
    assert [session["payment_status"] for session in sessions] == ["paid"]
    group = f"order_{order_id}"
    transfers = [t for t in state["transfers"] if t["transfer_group"] == group]
    assert [transfer["amount"] for transfer in transfers] == [SHARE]


def _assert_books(stack: RunningStack, order_id: str) -> None:
    [order] = stack.sql("SELECT state, total_cents FROM orders WHERE id = %s", order_id)
    assert order == {"state": "paid", "total_cents": PRICE}
    entries = stack.sql(
        "SELECT e.kind, p.account, p.amount_cents FROM ledger_entries e "
        "JOIN ledger_postings p ON p.entry_id = e.id WHERE e.order_id = %s",
        order_id,
    )
    by_kind: dict[str, dict[str, int]] = {}
    for entry in entries:
        legs = by_kind.setdefault(entry["kind"], {})
        account = entry["account"].partition(":")[0]
        assert account not in legs, f"{entry['kind']} is booked twice"
        legs[account] = entry["amount_cents"]
    assert by_kind["charge"] == {
        "stripe_balance": PRICE,
        "commission": -COMMISSION,
        "seller_payable": -SHARE,
    }
    assert by_kind["transfer"] == {"seller_payable": SHARE, "stripe_balance": -SHARE}
    assert sum(by_kind["fee"].values()) == 0
    assert set(by_kind) == {"charge", "fee", "transfer"}
    [total] = stack.sql("SELECT coalesce(sum(amount_cents), 0) AS cents FROM ledger_postings")
    assert total["cents"] == 0
