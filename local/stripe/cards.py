"""Stripe's test cards and what each of them does. No other number is ever accepted or kept."""

from __future__ import annotations

import hashlib
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
    """One test card's behaviour, at the payment and after it.

    `token` is the name Stripe gives the same card in the API. `dispute` is the reason of a
    dispute that follows the payment at once, `inquiry` makes it one without money. `refund` is
    what becomes of a refund: `pending` first, or `fails` later.
    """

    brand: str
    token: str = ""
    says: str = "is accepted"
    decline: Decline | None = None
    challenge: bool = False
    available_at_once: bool = False
    country: str = "US"
    dispute: str | None = None
    inquiry: bool = False
    fraud_warning: bool = False
    refund: str | None = None


@dataclass(frozen=True)
class Card:
    """A card as a charge shows it; the number itself is forgotten."""

    behaviour: Behaviour
    last4: str
    exp_month: int
    exp_year: int
    holder: str
    wallet: str | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same card, wherever it is used."""
        text = f"{self.behaviour.brand}:{self.behaviour.token}:{self.last4}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _decline(code: str, decline_code: str, message: str) -> Decline:
    return Decline(code, decline_code, message)


_DECLINED = _decline("card_declined", "generic_decline", "Your card was declined.")
_NO_FUNDS = _decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
_LOST = _decline("card_declined", "lost_card", "Your card was declined.")
_STOLEN = _decline("card_declined", "stolen_card", "Your card was declined.")
_FRAUD = _decline("card_declined", "fraudulent", "Your card was declined.")
_LIMIT = _decline("card_declined", "card_velocity_exceeded", "Your card was declined.")
_EXPIRED = _decline("expired_card", "expired_card", "Your card has expired.")
_CVC = _decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
_PROCESSING = _decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)

# Numbers, tokens and effects as in Stripe's list of test cards.
TEST_CARDS = {
    "4242424242424242": Behaviour("visa", "pm_card_visa"),
    "5555555555554444": Behaviour("mastercard", "pm_card_mastercard"),
    "378282246310005": Behaviour("amex", "pm_card_amex"),
    "4000008260000000": Behaviour("visa", "pm_card_gb", "is British: dearer", country="GB"),
    "4000000760000002": Behaviour("visa", "pm_card_br", "is Brazilian: dearer", country="BR"),
    "4000000000000077": Behaviour(
        "visa", "pm_card_bypassPending", "the money is available at once", available_at_once=True
    ),
    "4000000000000002": Behaviour("visa", "pm_card_visa_chargeDeclined", "is declined", _DECLINED),
    "4000000000009995": Behaviour(
        "visa", "pm_card_visa_chargeDeclinedInsufficientFunds", "has no funds", _NO_FUNDS
    ),
    "4000000000009987": Behaviour("visa", "pm_card_visa_chargeDeclinedLostCard", "was lost", _LOST),
    "4000000000009979": Behaviour(
        "visa", "pm_card_visa_chargeDeclinedStolenCard", "was stolen", _STOLEN
    ),
    "4000000000000069": Behaviour("visa", "pm_card_chargeDeclinedExpiredCard", "expired", _EXPIRED),
    "4000000000000127": Behaviour(
        "visa", "pm_card_chargeDeclinedIncorrectCvc", "has a wrong security code", _CVC
    ),
    "4000000000000119": Behaviour(
        "visa", "pm_card_chargeDeclinedProcessingError", "cannot be processed", _PROCESSING
    ),
    "4100000000000019": Behaviour("visa", "pm_card_radarBlock", "is blocked as fraudulent", _FRAUD),
    "4000000000006975": Behaviour(
        "visa", "pm_card_visa_chargeDeclinedVelocityLimitExceeded", "was tried too often", _LIMIT
    ),
    "4000002500003155": Behaviour(
        "visa", "pm_card_authenticationRequired", "asks for 3-D Secure", challenge=True
    ),
    "4000008400001629": Behaviour(
        "visa",
        "pm_card_threeDSecureRequiredChargeDeclined",
        "asks for 3-D Secure, then is declined",
        _DECLINED,
        challenge=True,
    ),
    "4000000000000259": Behaviour(
        "visa", "pm_card_createDispute", "is disputed as fraud", dispute="fraudulent"
    ),
    "4000000000002685": Behaviour(
        "visa",
        "pm_card_createProductNotReceivedDispute",
        "is disputed: not received",
        dispute="product_not_received",
    ),
    "4000000000001976": Behaviour(
        "visa", "pm_card_createInquiry", "brings an inquiry", dispute="fraudulent", inquiry=True
    ),
    "4000000000005423": Behaviour(
        "visa", "pm_card_createIssuerFraudRecord", "brings a fraud warning", fraud_warning=True
    ),
    "4000000000007726": Behaviour(
        "visa", "pm_card_pendingRefund", "a refund takes its time", refund="pending"
    ),
    "4000000000005126": Behaviour(
        "visa", "pm_card_refundFail", "a refund fails later", refund="fails"
    ),
}

WALLETS = {
    "google_pay": Card(Behaviour("visa"), "1111", 12, 2034, "Test Buyer", wallet="google_pay"),
    "apple_pay": Card(Behaviour("mastercard"), "4444", 12, 2034, "Test Buyer", wallet="apple_pay"),
}

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


def card_named(name: str) -> Card | None:
    """A test card by its number or by its token such as `pm_card_visa`; None if unknown."""
    for number, behaviour in TEST_CARDS.items():
        if name in (number, behaviour.token):
            return Card(behaviour, number[-4:], 12, 2034, "Test Buyer")
    return None


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
