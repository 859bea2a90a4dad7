"""What the provider asks of a seller, in plain words. Pure: no rows, no calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from marketplace.gateways.payments import Requirement, TransfersStatus

# The first pattern that fits a requirement's machine word names it; the wording is Stripe's form's.
_NAMES: tuple[tuple[str, str], ...] = (
    (r"given_name|first_name", "Your first name"),
    (r"surname|last_name", "Your last name"),
    (r"date_of_birth|\bdob\b", "Your date of birth"),
    (r"ssn_last_4", "The last four digits of your Social Security number"),
    (r"id_number|ssn|itin", "Your Social Security or tax number"),
    (r"documents?\..*secondary|additional_document", "A proof of your address (a bill or letter)"),
    (r"document|verification\b", "A photo of your passport, driving licence or identity card"),
    (r"address", "Your home address"),
    (r"phone", "Your telephone number"),
    (r"email", "Your e-mail address"),
    (r"nationalit|citizenship", "Your nationality"),
    (r"terms_of_service|tos_acceptance", "Your agreement to Stripe's terms"),
    (r"payout_methods|external_account|bank_account", "The bank account that you are paid to"),
    (r"business_type|entity_type", "Whether you sell as a person or as a company"),
    (r"business_profile|doing_business_as|\burl\b|website", "A few words about what you sell"),
    (r"registered_name|company|business_details", "Details of your company"),
    (r"owners|directors|representative|executives|persons", "Who owns and runs your company"),
)
_OTHER = "Something that Stripe's form will show you"

# Problems with what was given, the commonest by name and the rest by kind.
_PROBLEMS: tuple[tuple[str, str], ...] = (
    (r"document_expired", "The document has expired."),
    (r"not_readable|greyscale|failed_copy", "The picture of the document could not be read."),
    (r"missing_back|missing_front|incomplete", "A side of the document is missing."),
    (r"too_large", "The file is too large."),
    (r"type_not_supported|country_not_supported", "This kind of document is not accepted."),
    (r"name_mismatch|name_match|name_missing", "The name differs from what you typed."),
    (r"dob_mismatch|invalid_dob", "The date of birth was not accepted."),
    (r"address", "The address was not accepted."),
    (r"id_number|tax_id", "The number does not belong to the name you gave."),
    (r"keyed_identity|keyed_match", "Stripe could not confirm who you are from what you typed."),
    (r"document", "The document was not accepted."),
)
_OTHER_PROBLEM = "What you gave could not be confirmed."

DEADLINES = {
    "past_due": "Overdue",
    "currently_due": "Needed now",
    "eventually_due": "Needed later",
}


@dataclass(frozen=True)
class Need:
    """One thing that the provider asks for, in words."""

    words: str
    deadline: str
    urgent: bool
    """True where nothing is paid until it is given."""
    problem: str = ""


@dataclass(frozen=True)
class AccountWords:
    """How an account stands: a heading, what it means, and what a button would do."""

    heading: str
    text: str
    kind: str
    """success, info, warning or error: how it is shown."""
    can_continue: bool
    """True where the seller can mend it in the provider's form."""
    continue_label: str = "Continue to Stripe"


_STATUS = {
    TransfersStatus.NONE: AccountWords(
        "Set up payouts",
        "Stripe, our payments partner, asks who you are and where your earnings go. It takes a few "
        "minutes; Bracket never sees your bank details.",
        "info",
        True,
    ),
    TransfersStatus.ONBOARDING: AccountWords(
        "Finish setting up payouts",
        "Stripe still needs something from you. Until then your listings cannot be bought; what "
        "you have sold already is kept for you.",
        "warning",
        True,
    ),
    TransfersStatus.PENDING: AccountWords(
        "Stripe is checking your details",
        "There is nothing for you to do. It takes minutes as a rule, a few days at most; we write "
        "to you if something is missing.",
        "info",
        False,
    ),
    TransfersStatus.ACTIVE: AccountWords(
        "Payouts are set up",
        "80 % of every sale goes to your account at Stripe, and from there to your bank.",
        "success",
        False,
    ),
    TransfersStatus.RESTRICTED: AccountWords(
        "Stripe has restricted your account",
        "It cannot be paid for now, and your listings cannot be bought. What you have earned is "
        "kept for you until this is mended. Stripe's own page says more.",
        "warning",
        True,
        "Open Stripe's form",
    ),
    TransfersStatus.REJECTED: AccountWords(
        "Stripe has rejected your account",
        "Stripe will not pay you, and your listings cannot be bought. This is Stripe's decision; "
        "it can be appealed with Stripe only. Write to us about money that is still owed to you.",
        "error",
        False,
    ),
}
_CLOSED = AccountWords(
    "Your account at Stripe is closed",
    "It can no longer be paid, and your listings cannot be bought. Write to us: what is still "
    "owed to you is not lost.",
    "error",
    False,
)
_ACTIVE_WITH_NEEDS = AccountWords(
    "You can be paid, but Stripe needs something more",
    "80 % of every sale goes to your account. If what is listed here is not given in time, Stripe "
    "stops paying you until it is.",
    "warning",
    True,
)


def account_words(status: TransfersStatus, closed: bool, needs: Iterable[Need]) -> AccountWords:
    """How an account stands, for its seller."""
    if closed:
        return _CLOSED
    if status is TransfersStatus.ACTIVE and any(need.urgent for need in needs):
        return _ACTIVE_WITH_NEEDS
    return _STATUS[status]


def needs_in_words(requirements: Iterable[dict[str, Any]]) -> list[Need]:
    """What waits for the seller, the most urgent first and each thing once."""
    found: dict[str, Need] = {}
    for one in requirements:
        if not one.get("waits_for_seller", True):
            continue
        need = _need(one)
        known = found.get(need.words)
        if known is None or _rank(need) < _rank(known):
            found[need.words] = need
    return sorted(found.values(), key=_rank)


def requirement_row(requirement: Requirement) -> dict[str, Any]:
    """A requirement as it is remembered: codes only."""
    return {
        "name": requirement.name[:200],
        "waits_for_seller": requirement.waits_for_seller,
        "deadline": requirement.deadline,
        "problem": requirement.problem,
    }


def _need(one: dict[str, Any]) -> Need:
    deadline = str(one.get("deadline") or "currently_due")
    problem = one.get("problem")
    return Need(
        words=_first(_NAMES, str(one.get("name") or ""), _OTHER),
        deadline=DEADLINES.get(deadline, DEADLINES["currently_due"]),
        urgent=deadline != "eventually_due",
        problem=_first(_PROBLEMS, str(problem), _OTHER_PROBLEM) if problem else "",
    )


def _rank(need: Need) -> tuple[bool, int, str]:
    return (not need.problem, list(DEADLINES.values()).index(need.deadline), need.words)


def _first(patterns: tuple[tuple[str, str], ...], text: str, otherwise: str) -> str:
    return next((words for pattern, words in patterns if re.search(pattern, text)), otherwise)
