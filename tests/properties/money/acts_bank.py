"""What banks, card issuers and Stripe itself do, whether we like it or not."""

from __future__ import annotations

from random import Random

from local.stripe import accounts, balance, behaviour, disputes, fraud_warnings, payouts, refunds
from tests.properties.money.acts import act
from tests.properties.money.town import Seller, Town

_DISPUTES = "SELECT dispute_id FROM disputes WHERE order_id = ANY(%s) ORDER BY opened_at, id"
_REFUNDS = "SELECT refund_id FROM refunds WHERE refund_id IS NOT NULL AND order_id = ANY(%s)"


def _charge(town: Town, rng: Random) -> str | None:
    rows = town.books.execute(
        "SELECT charge_id FROM orders WHERE charge_id IS NOT NULL AND id = ANY(%s)"
        " ORDER BY created_at, id",
        [town.orders],
    ).fetchall()
    return str(rng.choice(rows)[0]) if rows else None


def _newest(town: Town, rng: Random, kind: str, among: int = 12) -> str | None:
    """One of the bank's newest objects of a kind, known to us or not."""
    rows = town.world.store.rows(
        "SELECT id FROM objects WHERE kind = ? AND account IS NULL ORDER BY seq DESC LIMIT ?",
        kind,
        among,
    )
    return str(rng.choice(rows)["id"]) if rows else None


@act(2.2, ours=False)
def dispute(town: Town, rng: Random) -> str:
    """A buyer's bank takes a payment back, or a part of it, or only asks."""
    charge = _newest(town, rng, "charge", 40)
    if charge is None:
        return ""
    part = {"amount": rng.randint(1, 150)} if rng.random() < 0.3 else {}
    asks = rng.random() < 0.15
    made = disputes.open_dispute(town.world, charge, inquiry=asks, **part)
    return f"{made['id']} of {charge}"


@act(3, ours=False)
def decide_dispute(town: Town, rng: Random) -> str:
    """The bank decides, an inquiry turns serious, or a loss is appealed."""
    found = _newest(town, rng, "dispute", 16)
    if found is None:
        return ""
    what = rng.choice(("won", "lost", "won", "lost", "warning_closed", "escalate", "appeal"))
    if what == "escalate":
        disputes.escalate(town.world, found)
    elif what == "appeal":
        disputes.appeal(town.world, found)
    else:
        disputes.decide(town.world, found, what)
    return f"{found}: {what}"


@act(0.5, ours=False)
def warn_of_fraud(town: Town, rng: Random) -> str:
    """The card's issuer believes that a payment is fraud."""
    charge = _charge(town, rng)
    if charge is None:
        return ""
    return str(fraud_warnings.create(town.world, charge)["id"])


@act(1.6, ours=False)
def return_refund(town: Town, rng: Random) -> str:
    """A refund reaches the buyer, or comes back from their bank, days later."""
    found = _newest(town, rng, "refund", 20)
    if found is None:
        return ""
    if rng.random() < 0.3:
        refunds.succeed(town.world, found)
        return f"{found} arrived"
    refunds.fail(town.world, found, rng.choice(refunds.FAILURES))
    return f"{found} came back"


@act(1.2, ours=False)
def change_account(town: Town, rng: Random) -> str:
    """A seller's account is disabled or enabled again."""
    seller = rng.choice(town.sellers)
    status = rng.choice(("active", "active", "active", "restricted", "pending", "onboarding"))
    accounts.set_status(town.world, seller.account, status)
    return f"{seller.id} is {status}"


@act(0.06, ours=False)
def close_account(town: Town, rng: Random) -> str:
    """A seller leaves, whatever is on the account; somebody else opens a shop."""
    seller = rng.choice(town.sellers)
    accounts.close_now(town.world, seller.account)
    seller.closed = True
    town.sellers.remove(seller)
    town.former.append(seller)
    town.new_seller()
    return seller.id


@act(1.2, ours=False)
def change_cover(town: Town, rng: Random) -> str:
    """Whether money can be called back from a seller whose balance is short."""
    seller = rng.choice([*town.sellers, *town.former[-2:]])
    policy = rng.choice(("default", "refuse", "refuse_all", "negative"))
    town.world.store.remember(seller.account, reversals=policy)
    return f"{seller.id}: {policy}"


@act(0.6, ours=False)
def change_manners(town: Town, rng: Random) -> str:
    """What Stripe leaves open, one way or the other."""
    wanted = {
        "refund_when_short": rng.choice(("succeed", "pending")),
        "reversal_when_short": rng.choice(("negative", "refuse")),
        "source_counts": rng.choice(("net", "net", "gross")),
        "payout": rng.choice((None, None, "fails", "fails_after_paid")),
        "refund": rng.choice((None, None, None, "pending", "fails")),
    }
    behaviour.change(town.world, wanted)
    return str(wanted)


@act(0.5, ours=False)
def pay_out_house(town: Town, rng: Random) -> str:
    """Money goes to the house's own bank, or comes back from there."""
    world = town.world
    if rng.random() < 0.3:
        found = _newest(town, rng, "payout", 3)
        if found is None:
            return ""
        payouts.fail(world, found, "account_closed")
        return f"{found} came back"
    there = balance.available(world, None, "usd")
    if there < 200:
        return ""
    with world.store.transaction():
        made = payouts.pay_out(world, None, rng.randint(100, there))
    return f"{made['id']}: {made['amount']}"


@act(0.1, ours=False)
def charge_fee(town: Town, rng: Random) -> str:
    """Stripe bills the house for Connect or Radar."""
    cents = rng.randint(5, 400)
    with town.world.store.transaction():
        made = balance.record(town.world, None, -cents, "usd", type_="stripe_fee")
    return f"{made['id']}: {cents}"


@act(0.4, ours=False)
def end_payout(town: Town, rng: Random) -> str:
    """A seller's payout arrives or fails, even after it was paid."""
    seller: Seller = rng.choice(town.sellers)
    rows = town.world.store.rows(
        "SELECT id FROM objects WHERE kind = 'payout' AND account = ? ORDER BY seq DESC LIMIT 3",
        seller.account,
    )
    if not rows:
        return ""
    found = str(rng.choice(rows)["id"])
    what = rng.choice(("paid", "fail", "fail"))
    if what == "paid":
        payouts.step(town.world, found, "paid")
    else:
        payouts.fail(town.world, found, rng.choice(list(payouts.FAILURES)))
    return f"{found}: {what}"
