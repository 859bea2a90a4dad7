"""Stripe's test cards and what each of them does. No other number is ever accepted or kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Decline:
    """Why a card was refused: the error code, the issuer's code, the sentence for the buyer."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True)
class Behaviour:
    """One test card's behaviour."""

    brand: str
    decline: Decline | None = None
    challenge: bool = False
    available_at_once: bool = False


@dataclass(frozen=True)
class Card:
    """A card as a charge shows it; the number itself is forgotten."""

    behaviour: Behaviour
    last4: str
    exp_month: int
    exp_year: int
    holder: str
    wallet: str | None = None


_DECLINED = Decline("card_declined", "generic_decline", "Your card was declined.")

TEST_CARDS = {
    "4242424242424242": Behaviour("visa"),
    "5555555555554444": Behaviour("mastercard"),
    "378282246310005": Behaviour("amex"),
    "4000000000000077": Behaviour("visa", available_at_once=True),
    "4000000000000002": Behaviour("visa", _DECLINED),
    "4000000000009995": Behaviour(
        "visa",
        Decline("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ),
    "4000000000000069": Behaviour(
        "visa", Decline("expired_card", "expired_card", "Your card has expired.")
    ),
    "4000000000000127": Behaviour(
        "visa",
        Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    ),
    "4000000000000119": Behaviour(
        "visa",
        Decline(
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
    "4000002500003155": Behaviour("visa", challenge=True),
    "4000008400001629": Behaviour("visa", _DECLINED, challenge=True),
}

GOOGLE_PAY = Card(Behaviour("visa"), "1111", 12, 2034, "Test Buyer", wallet="google_pay")

AUTHENTICATION_FAILED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method."
    " Please choose a different payment method and try again.",
)
_NOT_A_TEST_CARD = "Only the test card numbers below work here. Never type a real card number."


def read_card(form: dict[str, str]) -> tuple[Card | None, dict[str, str]]:
    """A card from the form fields number, exp, cvc and name.

    Returns the card, or None and one message per field that is wrong.
    """
    errors: dict[str, str] = {}
    number = re.sub(r"[\s-]", "", form.get("number", ""))
    behaviour = TEST_CARDS.get(number)
    if not number:
        errors["number"] = "Enter a card number."
    elif behaviour is None:
        valid = _luhn(number)
        errors["number"] = _NOT_A_TEST_CARD if valid else "Your card number is invalid."
    month, year = _expiry(form.get("exp", ""))
    if month is None or year is None:
        errors["exp"] = "Enter the expiry date as MM / YY."
    elif (year, month) < _this_month():
        errors["exp"] = "Your card's expiry date is in the past."
    digits = 4 if behaviour and behaviour.brand == "amex" else 3
    if not re.fullmatch(rf"\d{{{digits}}}", form.get("cvc", "").strip()):
        errors["cvc"] = f"Enter the {digits}-digit security code; any digits will do."
    holder = form.get("name", "").strip()
    if not holder:
        errors["name"] = "Enter the name on the card."
    elif len(holder) > 200:
        errors["name"] = "The name is too long."
    if errors or behaviour is None or month is None or year is None:
        return None, errors
    return Card(behaviour, number[-4:], month, year, holder), {}


def _this_month() -> tuple[int, int]:
    today = datetime.now(UTC)
    return today.year, today.month


def _expiry(text: str) -> tuple[int | None, int | None]:
    match = re.fullmatch(r"\s*(\d{1,2})\s*/?\s*(\d{2}|\d{4})\s*", text)
    if not match or not 1 <= int(match[1]) <= 12:
        return None, None
    year = int(match[2])
    return int(match[1]), year + 2000 if year < 100 else year


def _luhn(number: str) -> bool:
    if not re.fullmatch(r"\d{12,19}", number):
        return False
    total = 0
    for i, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if i % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
