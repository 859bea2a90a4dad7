"""Payouts to banks, of the platform and of connected accounts: by hand or on a schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import stripe

from local.stripe import agenda, balance, behaviour
from local.stripe.call import Call
from local.stripe.errors import StripeError, dangling, invalid
from local.stripe.listing import list_of, own
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import Origin, World

IMPLEMENTED = frozenset(
    {
        "amount",
        "currency",
        "description",
        "expand",
        "metadata",
        "method",
        "source_type",
        "statement_descriptor",
    }
)
LARGEST_CENTS = 99_999_999
_TRANSIT_AFTER, _ARRIVES_AFTER, _FAILS_AFTER = balance.DAY, 2 * balance.DAY, 4 * balance.DAY

# Account numbers for tests, as Stripe's own; the code is why a payout to it fails.
TEST_BANKS = {
    "000123456789": None,
    "000111111116": "no_account",
    "000111111113": "account_closed",
    "000222222227": "insufficient_funds",
    "000333333335": "debit_not_authorized",
    "000444444440": "invalid_currency",
}
FAILURES = {
    "no_account": "The bank account could not be located.",
    "account_closed": "The bank account has been closed.",
    "insufficient_funds": "Your Stripe account has insufficient funds to cover the payout.",
    "debit_not_authorized": "Debit transactions are not approved on your bank account.",
    "invalid_currency": "The bank was unable to process this payout because of its currency.",
    "could_not_process": "The bank could not process this payout.",
}
_SETTINGS = "balance_settings"


def give_bank(world: World, account_id: str, number: str = "") -> Body:
    """An account gets a (test) bank account, or another one; the newest is used."""
    number = number or "000123456789"
    values: Body = {
        "id": f"ba_1{world.ids.token(23)}",
        "account": account_id,
        "account_holder_type": "individual",
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": "US",
        "currency": "usd",
        "default_for_currency": True,
        "last4": number[-4:],
        "metadata": {},
        "routing_number": "110000000",
        "status": "new",
    }
    bank = shape(stripe.BankAccount, values, omit=("customer",))
    return world.store.add(bank, account=account_id, private={"fails": TEST_BANKS.get(number)})


def bank_of(world: World, account_id: str | None) -> Body | None:
    """The bank account that payouts go to."""
    found = world.store.all_of("bank_account", "account IS ?", account_id, limit=1)
    return found[0] if found else None


def create(call: Call) -> Body:
    """`POST /v1/payouts`: from the available balance of whom the call is for."""
    params, world = call.params, call.world
    amount, currency = params["amount"], params["currency"].lower()
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer"
        )
    if amount > LARGEST_CENTS:
        raise invalid("The amount must be no more than $999,999.99.", "amount", "amount_too_large")
    if params.get("method", "standard") != "standard":
        raise StripeError(
            "Instant payouts are not enabled.", code="instant_payouts_unsupported", param="method"
        )
    if call.account and bank_of(world, call.account) is None:
        raise StripeError(
            "Sorry, you don't have any external accounts in that currency (usd).",
            code="payouts_not_allowed",
        )
    if amount > balance.available(world, call.account, currency):
        raise StripeError(
            "You have insufficient funds in your Stripe account for this payout.",
            code="balance_insufficient",
        )
    return pay_out(world, call.account, amount, currency, params, origin=call.origin)


def pay_out(
    world: World,
    account: str | None,
    amount: int,
    currency: str = "usd",
    params: Body | None = None,
    *,
    automatic: bool = False,
    origin: Origin | None = None,
) -> Body:
    """Send money to the bank, whether or not it is there; see `create` for the rules."""
    params = params or {}
    payout_id = f"po_1{world.ids.token(23)}"
    bank = bank_of(world, account) or give_bank(world, account or "")
    booked = balance.record(
        world, payout_id, -amount, currency, type_="payout", account=account,
        description=params.get("description") or "STRIPE PAYOUT",
    )  # fmt: skip
    values: Body = {
        "id": payout_id,
        "amount": amount,
        "arrival_date": (world.now() + _ARRIVES_AFTER) // balance.DAY * balance.DAY,
        "automatic": automatic,
        "balance_transaction": booked["id"],
        "created": world.now(),
        "currency": currency,
        "description": params.get("description"),
        "destination": bank["id"],
        "metadata": params.get("metadata", {}),
        "method": "standard",
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "source_type": params.get("source_type", "card"),
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "pending",
        "trace_id": whole({"status": "pending", "value": None}),
        "type": "bank_account",
    }
    payout = world.store.add(shape(stripe.Payout, values), account=account)
    _plan(world, payout_id, world.store.private(bank["id"]).get("fails"))
    world.emit("payout.created", payout, account=account, origin=origin)
    return payout


def _plan(world: World, payout_id: str, bank_fails: str | None) -> None:
    """What becomes of a payout in the days to come."""
    wish = behaviour.of(world)["payout"]
    agenda.plan(world, _TRANSIT_AFTER, "payout.step", payout_id, status="in_transit")
    if bank_fails or wish == "fails":
        code = bank_fails or "could_not_process"
        agenda.plan(world, _ARRIVES_AFTER, "payout.fail", payout_id, code=code)
        return
    agenda.plan(world, _ARRIVES_AFTER, "payout.step", payout_id, status="paid")
    if wish == "fails_after_paid":
        agenda.plan(world, _FAILS_AFTER, "payout.fail", payout_id, code="account_closed")


@agenda.job("payout.step")
def _step_later(world: World, payout_id: str, arguments: Body) -> None:
    payout, _ = _found(world, payout_id)
    # Somebody at the control page may have been faster.
    if payout["status"] in ("pending", "in_transit") and payout["status"] != arguments["status"]:
        step(world, payout_id, arguments["status"])


@agenda.job("payout.fail")
def _fail_later(world: World, payout_id: str, arguments: Body) -> None:
    fail(world, payout_id, arguments["code"])


def step(world: World, payout_id: str, status: str) -> Body:
    """A payout moves on to `in_transit` or `paid`. Raises `StripeError` when it cannot."""
    with world.store.transaction():
        payout, account = _found(world, payout_id)
        if payout["status"] not in ("pending", "in_transit"):
            raise StripeError(f"A payout that is {payout['status']} cannot become {status}.")
        payout["status"] = status
        if status == "paid":
            payout["trace_id"] = {"status": "supported", "value": world.ids.token(12).upper()}
            if payout["automatic"]:
                payout["reconciliation_status"] = "completed"
        world.store.save(payout)
        world.emit("payout.paid" if status == "paid" else "payout.updated", payout, account=account)
        return payout


def fail(world: World, payout_id: str, code: str = "account_closed") -> Body:
    """The bank sends a payout back, even one that was `paid`: the balance has it again.

    Raises `StripeError` for an unknown code, or when the payout failed or was canceled before.
    """
    if code not in FAILURES:
        raise StripeError(f"The code must be one of {', '.join(FAILURES)}.", param="code")
    with world.store.transaction():
        payout, account = _found(world, payout_id)
        if payout["status"] not in ("pending", "in_transit", "paid"):
            raise StripeError(f"A payout that is {payout['status']} cannot fail.")
        agenda.forget(world, payout_id)
        payout |= {"failure_code": code, "failure_message": FAILURES[code], "status": "failed"}
        _return(world, payout, account, "payout_failure")
        world.emit("payout.failed", payout, account=account)
        return payout


def _return(world: World, payout: Body, account: str | None, type_: str) -> None:
    booked = balance.record(
        world, payout["id"], payout["amount"], payout["currency"], type_=type_, account=account
    )
    payout["failure_balance_transaction"] = booked["id"]
    world.store.save(payout)


def cancel(call: Call) -> Body:
    """`POST /v1/payouts/:id/cancel`: only while it is pending and was made by hand."""
    payout = own(call, "payout")
    if payout["status"] != "pending" or payout["automatic"]:
        raise StripeError("Only manual payouts with a status of `pending` can be canceled.")
    agenda.forget(call.world, payout["id"])
    payout["status"] = "canceled"
    _return(call.world, payout, call.account, "payout_cancel")
    call.world.emit("payout.canceled", payout, account=call.account, origin=call.origin)
    return payout


def _found(world: World, payout_id: str) -> tuple[Body, str | None]:
    payout = world.store.find(payout_id, "payout")
    if payout is None:
        raise dangling("payout", payout_id, "id")
    return payout, world.store.owner(payout_id)


def retrieve(call: Call) -> Body:
    """`GET /v1/payouts/:id`."""
    return own(call, "payout")


def list_payouts(call: Call) -> Body:
    """`GET /v1/payouts`, by status, destination or arrival."""
    params = dict(call.params)
    clauses, values = balance_filter(params.pop("arrival_date", None))
    return list_of(
        call.world, "payout", params, call.path, account=call.account,
        where=clauses, values=tuple(values),
    )  # fmt: skip


def balance_filter(wanted: Any) -> tuple[str, list[Any]]:
    """A condition on `arrival_date` from a moment or from bounds."""
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    bounds = wanted if isinstance(wanted, dict) else {} if wanted is None else {"is": wanted}
    parts = [f"json_extract(body, '$.arrival_date') {signs.get(n, '=')} ?" for n in bounds]
    return " AND ".join(parts) or "1", list(bounds.values())


def schedule_of(world: World, account: str | None) -> Body:
    """When an account is paid out: daily unless it was changed; the platform by hand."""
    stored: Body = world.store.setting(f"{_SETTINGS}.{account or ''}") or {}
    default = {"interval": "daily" if account else "manual"}
    schedule: Body = stored.get("schedule", default)
    return schedule


def start_schedule(world: World, account: str) -> None:
    """From now on look every midnight (UTC) whether the account is to be paid out."""
    rows = world.store.rows(
        "SELECT 1 FROM agenda WHERE subject = ? AND job = 'payout.automatic'", account
    )
    if not rows:
        agenda.plan(world, _until_midnight(world), "payout.automatic", account)


def _until_midnight(world: World) -> float:
    return balance.DAY - world.time() % balance.DAY


@agenda.job("payout.automatic")
def _automatic(world: World, account: str, arguments: Body) -> None:
    schedule = schedule_of(world, account or None)
    if schedule["interval"] == "manual":
        return  # a change of the schedule starts it again
    if _is_the_day(world, schedule):
        for currency, amount in balance.totals(world, account or None)["available"].items():
            if amount > 0:
                pay_out(world, account or None, amount, currency, automatic=True)
    agenda.plan(world, _until_midnight(world), "payout.automatic", account)


def _is_the_day(world: World, schedule: Body) -> bool:
    today = datetime.fromtimestamp(world.time(), UTC)
    if schedule["interval"] == "weekly":
        return today.strftime("%A").lower() in schedule.get("weekly_payout_days", ["monday"])
    if schedule["interval"] == "monthly":
        return today.day in schedule.get("monthly_payout_days", [1])
    return True
