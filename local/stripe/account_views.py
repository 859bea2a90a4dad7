"""Connected accounts as the two APIs show them. Accounts are stored in their v2 form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import stripe
from stripe.v2.core import Account as AccountV2

from local.stripe.shapes import shape, whole
from local.stripe.store import Body

# Parts of a v2 account that are null unless the request names them in `include`.
INCLUDABLE = ("configuration", "defaults", "future_requirements", "identity", "requirements")

# What a recipient in the United States is asked for.
ROUTINE = (
    "identity.individual.given_name",
    "identity.individual.surname",
    "identity.individual.date_of_birth",
    "identity.individual.address",
    "identity.individual.id_numbers.us_ssn_last_4",
    "identity.attestations.terms_of_service.account",
    "defaults.payout_methods",
)
DOCUMENT = "identity.individual.documents.primary_verification"

# The same in v1's words.
_V1_NAMES = {
    "identity.individual.given_name": "individual.first_name",
    "identity.individual.surname": "individual.last_name",
    "identity.individual.date_of_birth": "individual.dob.day",
    "identity.individual.address": "individual.address.line1",
    "identity.individual.id_numbers.us_ssn_last_4": "individual.ssn_last_4",
    "identity.attestations.terms_of_service.account": "tos_acceptance.date",
    "defaults.payout_methods": "external_account",
    DOCUMENT: "individual.verification.document",
}


def iso(timestamp: float) -> str:
    """A time as the v2 API writes it."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def seconds(text: str) -> int:
    """The other way round."""
    return int(datetime.fromisoformat(text).timestamp())


def new_v2(params: Body, account_id: str, now: int) -> Body:
    """A new account from checked `accounts.create` parameters, not yet onboarded."""
    given: Body = params.get("defaults", {})
    responsibilities = given.get("responsibilities", {})
    values: Body = {
        "id": account_id,
        "object": "v2.core.account",
        "applied_configurations": ["recipient"],
        "configuration": {
            "recipient": {
                "applied": True,
                "capabilities": {
                    "stripe_balance": {
                        "stripe_transfers": capability("restricted", incomplete=True)
                    }
                },
            }
        },
        "contact_email": params.get("contact_email"),
        "created": iso(now),
        "dashboard": params.get("dashboard", "none"),
        "defaults": {
            "currency": given.get("currency", "usd"),
            "responsibilities": {
                "fees_collector": responsibilities.get("fees_collector", "application"),
                "losses_collector": responsibilities.get("losses_collector", "application"),
                # With Stripe's own Express dashboard Stripe collects the requirements itself.
                "requirements_collector": "stripe",
            },
        },
        "display_name": params.get("display_name"),
        "identity": {"country": params["identity"]["country"].lower()},
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "requirements": requirements(ROUTINE),
    }
    return shape(AccountV2, values | {"closed": False})


def capability(status: str, *, incomplete: bool = False) -> Body:
    """The `stripe_transfers` capability in a status, with its reason.

    A restricted account is either `incomplete`, as every new one, or was restricted by Stripe.
    """
    reasons = {
        "restricted": [{"code": "restricted_other", "resolution": "contact_stripe"}],
        "pending": [{"code": "determining_status", "resolution": "no_resolution"}],
        "rejected": [{"code": "rejected_other", "resolution": "contact_stripe"}],
    }
    details = reasons.get(status, [])
    if incomplete:
        details = [{"code": "requirements_past_due", "resolution": "provide_info"}]
    return {"status": status, "status_details": details}


def requirements(due: tuple[str, ...] = (), *, error: str | None = None) -> Body:
    """What the account must still provide; `error` says what was wrong with what it gave."""
    deadline = {"status": "past_due" if error else "currently_due"}
    return {
        "alternatives": None,
        "entries": [_entry(name, deadline, error) for name in due],
        "summary": {"minimum_deadline": {**deadline, "time": None} if due else None},
    }


def _entry(description: str, deadline: Body, error: str | None) -> Body:
    blocked = {
        "capability": "stripe_balance.stripe_transfers",
        "configuration": "recipient",
        "deadline": deadline,
    }
    errors = [{"code": "verification_failed_other", "description": error}] if error else []
    return {
        "awaiting_action_from": "user",
        "description": description,
        "errors": errors,
        "impact": {"restricts_capabilities": [blocked]},
        "minimum_deadline": deadline,
        "reference": None,
        "requested_reasons": [{"code": "routine_verification" if error else "routine_onboarding"}],
    }


def transfers_status(body: Body) -> str:
    """The one status that decides whether an account can be paid."""
    recipient = body["configuration"]["recipient"]
    status: str = recipient["capabilities"]["stripe_balance"]["stripe_transfers"]["status"]
    return status


def v2_view(body: Body, include: list[str]) -> Body:
    """The account with only the included parts filled; `configuration.recipient` is one."""
    shown = dict(body)
    wanted = {name.partition(".")[0] for name in include}
    for name in INCLUDABLE:
        if name not in wanted:
            shown[name] = None
    if shown["configuration"] is not None and "configuration.recipient" not in include:
        shown["configuration"] = dict.fromkeys(shown["configuration"])
    return shown


def v1_view(body: Body, bank: Body | None = None) -> Body:
    """The same account in its v1 form, as `account.updated` and v1 calls show it."""
    status = transfers_status(body)
    ready = status == "active"
    entries = body["requirements"]["entries"]
    due = [_V1_NAMES.get(entry["description"], entry["description"]) for entry in entries]
    refused = "requirements.past_due" if due else "other"
    if status == "rejected":
        refused = "rejected.other"
    needs: dict[str, Any] = {
        "alternatives": [],
        "currently_due": due,
        "disabled_reason": None if ready else refused,
        "errors": [
            {"code": fault["code"], "reason": fault["description"], "requirement": name}
            for entry, name in zip(entries, due, strict=True)
            for fault in entry["errors"]
        ],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }
    responsibilities = body["defaults"]["responsibilities"]
    country = body["identity"]["country"].upper()
    v1_status = {"active": "active", "pending": "pending"}.get(status, "inactive")
    values: Body = {
        "id": body["id"],
        "object": "account",
        "capabilities": whole({"transfers": v1_status}),
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": responsibilities["fees_collector"]},
            "is_controller": True,
            "losses": {"payments": responsibilities["losses_collector"]},
            "requirement_collection": responsibilities["requirements_collector"],
            "stripe_dashboard": {"type": body["dashboard"]},
            "type": "application",
        },
        "country": country,
        "created": seconds(body["created"]),
        "default_currency": body["defaults"]["currency"],
        "details_submitted": len(due) < len(ROUTINE),
        "email": body["contact_email"],
        "external_accounts": {
            "object": "list",
            "data": [bank] if bank else [],
            "has_more": False,
            "url": f"/v1/accounts/{body['id']}/external_accounts",
        },
        "metadata": body["metadata"],
        "payouts_enabled": ready,
        "requirements": needs,
        "type": "express" if body["dashboard"] == "express" else "none",
    }
    return shape(stripe.Account, values)
