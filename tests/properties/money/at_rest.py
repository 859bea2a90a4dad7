"""The rules once every message has arrived and every sweep has looked."""

from __future__ import annotations

from random import Random

from local.stripe import balance
from marketplace.orders.balances import seller_balance
from marketplace.orders.statements import seller_postings
from tests.properties.money.acts_work import waiting
from tests.properties.money.audit import LINES, SOLD, Audit, Row, check_lines
from tests.properties.money.rules import Rule, must
from tests.properties.money.town import Seller, Town

_INBOX = """
    SELECT id, type, state, error, attempts FROM stripe_events
    WHERE state NOT IN ('done', 'ignored')"""
_REFUNDS = """
    SELECT id, state, failure_code, refund_id FROM refunds
    WHERE state IN ('requested', 'submitted', 'pending', 'requires_action')"""
_REVERSALS = "SELECT id FROM transfer_reversals WHERE state = 'pending'"
_CALLS = "SELECT id, line_id FROM line_transfers WHERE state = 'pending'"
_OPEN_ORDERS = """
    SELECT id, state, checkout_session_id FROM orders
    WHERE state IN ('draft', 'awaiting_payment')"""
_SUSPENSE = """
    SELECT dispute_id, status, withdrawn_cents FROM disputes WHERE dispute_id = ANY(%s)"""
_REQUESTS = """
    SELECT state, payout_id FROM payout_requests WHERE seller_id = %s"""
_SHOWN = "SELECT payout_id, status, cents FROM seller_payouts WHERE seller_id = %s"
_OTHER_RIGHT = """
    SELECT id FROM entitlements WHERE buyer_id = %s AND listing_id = %s AND line_id <> %s
      AND state <> 'revoked'"""
NO_MONEY = {"balance_insufficient", "insufficient_funds"}


def check_at_rest(town: Town, audit: Audit, rng: Random) -> None:
    """Everything that must have come to its end.

    Raises:
        Violation: a rule is broken.
    """
    must(not town.broker.jobs and not waiting(town), Rule.STUCK, "messages are left")
    must(not audit.unbooked, Rule.DRAINED, list(audit.unbooked.values())[:5])
    _check_rows(town, audit)
    lines = audit.rows(LINES, town.orders)
    check_lines(lines, audit.bank)
    for line in lines:
        if line["state"] in SOLD:
            _check_delivery(audit, line)
            _check_share(line)
    _check_suspense(audit)
    for seller in town.sellers:
        _check_payouts(town, audit, seller)
    _check_statement(town, audit, rng.choice([*town.sellers, *town.former[-3:]]))


def _check_rows(town: Town, audit: Audit) -> None:
    for event in audit.rows(_INBOX):
        must(False, Rule.STUCK, "event", event)
    for refund in audit.rows(_REFUNDS):
        waits = refund["state"] == "requested" and refund["failure_code"] in NO_MONEY
        if refund["refund_id"]:
            waits |= town.world.store.find(refund["refund_id"])["status"] == refund["state"]
        must(waits, Rule.STUCK, "refund", refund)
    for row in audit.rows(_REVERSALS):
        must(False, Rule.STUCK, "reversal", row)
    for row in audit.rows(_CALLS):
        must(False, Rule.STUCK, "transfer", row)
    for order in audit.rows(_OPEN_ORDERS):
        session = town.world.store.find(order["checkout_session_id"] or "")
        is_open = session is not None and session["status"] == "open"
        must(is_open, Rule.STUCK, "order", order, session and session["status"])


def _check_delivery(audit: Audit, line: Row) -> None:
    """Whoever has paid has the goods, or the money again."""
    who = f"line {line['id']} of {line['order_id']} ({line['state']})"
    right = line["right_state"] or "revoked"
    if line["standing"] >= line["price_cents"] or line["lost"]:
        must(right == "revoked", Rule.KEPT_RIGHT, who, right)
        return
    if right == "granted":
        return
    if line["disputed"]:
        return  # the bank decides: neither goods nor money for now
    others = audit.rows(_OTHER_RIGHT, line["buyer_id"], line["listing_id"], line["id"])
    # Bought twice: it is given back by itself; where the bank returned that, a person was told.
    given = bool(others) and line["refunds"] > 0
    must(given, Rule.UNGIVEN, who, right, "disputed" if line["disputed"] else "", others)


def _check_share(line: Row) -> None:
    """What a seller has of a line is what is due, but for holds and debts."""
    who = f"line {line['id']} of {line['order_id']} ({line['transfer_state']})"
    due = line["seller_cents"] - line["refunded_seller_cents"] - line["kept_back"]
    has = line["transferred_cents"] + line["netted_cents"]
    has -= line["reversed_cents"] + line["recovered_cents"]
    if line["decided"]:
        return  # a refund waits for money and will take its part
    if line["transfer_state"] == "held":
        must(has <= due, Rule.PAID_TWICE, who, has, due)
        return
    must(line["transfer_state"] not in {"pending", "not_due"}, Rule.STUCK, who, has, due)
    must(due - has == -line["debt"], Rule.SELLER_BOOKS, who, "due", due, "has", has, line["debt"])


def _check_suspense(audit: Audit) -> None:
    left = {name: cents for name, cents in audit.accounts.items() if cents and _waits(name)}
    ids = sorted({name.partition(":")[2] for name in left})
    known = {row["dispute_id"]: row for row in audit.rows(_SUSPENSE, ids)} if ids else {}
    for name, cents in left.items():
        dispute = known.get(name.partition(":")[2])
        is_open = dispute is not None and dispute["status"] in {"needs_response", "under_review"}
        must(is_open, Rule.SUSPENSE, name, cents, dispute)


def _waits(account: str) -> bool:
    return account.startswith(("dispute_suspense:", "seller_held:"))


def _check_payouts(town: Town, audit: Audit, seller: Seller) -> None:
    """A seller's payouts at the bank are those we know; each request made one."""
    rows = town.world.store.all_of("payout", "account = ?", seller.account)
    at_bank = {one["id"]: (one["status"], one["amount"]) for one in rows}
    requests = audit.rows(_REQUESTS, seller.id)
    must(all(one["state"] != "pending" for one in requests), Rule.STUCK, "payout of", seller.id)
    asked = sorted(one["payout_id"] for one in requests if one["payout_id"])
    made = sorted(one["id"] for one in rows if not one["automatic"])
    must(asked == made, Rule.PAYOUT_TWICE, seller.id, "asked", asked, "made", made)
    shown = {r["payout_id"]: (r["status"], r["cents"]) for r in audit.rows(_SHOWN, seller.id)}
    must(shown == at_bank, Rule.PAYOUT_TWICE, seller.id, "shown", shown, "made", at_bank)


def _check_statement(town: Town, audit: Audit, seller: Seller) -> None:
    """What a seller reads is what the books and the bank say."""
    with town.clock.now(), town.work() as session:
        listed = sum(one.cents for one in seller_postings(session, seller.id, None, None))
        shown = seller_balance(session, seller.id)
    debit = audit.sellers.get(seller.id, 0)
    must(listed == -debit, Rule.STATEMENT, seller.id, "listed", listed, "books", debit)
    row = audit.rows(_SET_OFF, seller.id)[0]
    parts = shown.held + shown.underway + shown.available + shown.paid_out
    parts += row["netted"] - row["recovered"] - shown.debt
    if not row["decided"]:
        must(shown.earned == parts, Rule.STATEMENT, seller.id, shown, row)
    if seller.closed:
        return  # nobody tells us what becomes of an account that has left us
    there = balance.whole_balance(town.world, seller.account, "usd")
    must(shown.available == there, Rule.STATEMENT, seller.id, shown.available, "bank", there)


_SET_OFF = """
    SELECT COALESCE(SUM(netted_cents), 0)::int AS netted,
      COALESCE(SUM(recovered_cents), 0)::int AS recovered,
      COALESCE(SUM((SELECT SUM(cents) FROM refunds r WHERE r.line_id = l.id
        AND r.booked_at IS NULL
        AND r.state NOT IN ('failed', 'canceled', 'manual'))), 0)::int AS decided
    FROM order_lines l WHERE seller_id = %s"""
