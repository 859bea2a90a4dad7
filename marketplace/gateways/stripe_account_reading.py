"""Sellers' accounts, balances and payouts in the gateway's words. Unknown means the safe one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marketplace.core.money import Money
from marketplace.gateways.payment_facts import (
    AccountBalance,
    Payout,
    PayoutSchedule,
    Requirement,
    SellerAccount,
    TransfersStatus,
)
from marketplace.gateways.stripe_reading import moment, part


def balance(found: Any, currency: str) -> AccountBalance:
    """A balance, in the one currency that we deal in."""

    def total(name: str) -> int:
        amounts = part(found, name) or []
        return sum(one.amount for one in amounts if one.currency == currency)

    return AccountBalance(available=total("available"), pending=total("pending"))


def payout(made: Any) -> Payout:
    """A payout."""
    return Payout(
        payout_id=made.id,
        amount=Money(made.amount, made.currency),
        status=part(made, "status") or "pending",
        automatic=bool(part(made, "automatic")),
        arrival=moment(part(made, "arrival_date")),
        created=datetime.fromtimestamp(made.created, UTC),
        failure_code=part(made, "failure_code"),
    )


def payout_schedule(settings: Any) -> PayoutSchedule:
    """When an account is paid out."""
    schedule = part(settings, "payments", "payouts", "schedule")
    return PayoutSchedule(
        interval=part(schedule, "interval") or "daily",
        weekly_days=tuple(part(schedule, "weekly_payout_days") or ()),
        monthly_days=tuple(part(schedule, "monthly_payout_days") or ()),
        debit_negative_balances=bool(part(settings, "payments", "debit_negative_balances")),
    )


def seller_account(account: Any) -> SellerAccount:
    """A connected account with what it still has to give."""
    details = part(_capability(account), "status_details") or []
    entries = part(account, "requirements", "entries") or []
    return SellerAccount(
        account_id=account.id,
        status=transfers_status(account),
        closed=bool(part(account, "closed")),
        requirements=tuple(_requirement(entry) for entry in entries),
        details=tuple(part(one, "code") or "" for one in details),
    )


def _requirement(entry: Any) -> Requirement:
    problems = part(entry, "errors") or []
    return Requirement(
        name=part(entry, "description") or "",
        waits_for_seller=part(entry, "awaiting_action_from") != "stripe",
        deadline=part(entry, "minimum_deadline", "status") or "currently_due",
        problem=part(problems[0], "code") if problems else None,
    )


def transfers_status(account: Any) -> TransfersStatus:
    """Readiness of an account, from its capability to hold transferred money."""
    if part(account, "closed"):
        return TransfersStatus.REJECTED
    capability = _capability(account)
    status = part(capability, "status")
    if status == "restricted":
        details = part(capability, "status_details") or []
        waits_for_seller = any(part(one, "resolution") == "provide_info" for one in details)
        return TransfersStatus.ONBOARDING if waits_for_seller else TransfersStatus.RESTRICTED
    known = {
        None: TransfersStatus.NONE,
        "active": TransfersStatus.ACTIVE,
        "pending": TransfersStatus.PENDING,
        "rejected": TransfersStatus.REJECTED,
        "unsupported": TransfersStatus.REJECTED,
    }
    return known.get(status, TransfersStatus.RESTRICTED)


def _capability(account: Any) -> Any:
    names = ("configuration", "recipient", "capabilities", "stripe_balance", "stripe_transfers")
    return part(account, *names)
