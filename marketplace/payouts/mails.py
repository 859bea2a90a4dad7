"""The words of e-mails to sellers about their money. Pure: rows in, text out."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.money import Money
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.dispute_models import DisputeLine
from marketplace.orders.models import OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.transfer_models import SellerPayout
from marketplace.payouts.account_words import Need, account_words
from marketplace.payouts.models import PayoutRequest
from marketplace.payouts.money_words import (
    dispute_reason,
    payout_failure,
    payout_refusal,
    refund_reason,
)
from marketplace.payouts.states import NoticeKind

ACCOUNT_PATH, SALE_PATH, PAYOUTS_PATH = "/sell/onboarding", "/sell/sales", "/sell/payouts"
DAY = "%d %B %Y"


@dataclass(frozen=True)
class Words:
    """A mail's subject and text, and the page that says more."""

    subject: str
    text: str
    link_text: str
    path: str


def sale_refunded(refund: Refund, line: OrderLine) -> Words:
    """A buyer got money back."""
    whole = "The price" if refund.cents == line.price_cents else f"{_money(refund.cents)} of it"
    borne = refund.seller_cents or 0
    return Words(
        "A sale was refunded",
        f"“{line.title}” was sold for {_money(line.price_cents)}. {whole} went back to the buyer: "
        f"{refund_reason(refund.reason)}.\n\n"
        f"Your share of the refund is {_money(borne)}; Bracket bears the rest from its "
        "commission. If your share had reached you already, it is taken from your balance at "
        "Stripe, or from your next sales.",
        "The sale and what became of it:",
        f"{SALE_PATH}/{line.id}",
    )


def refund_undone(refund: Refund, line: OrderLine) -> Words:
    """A refund did not reach the buyer: the sale counts again."""
    return Words(
        "A refund did not go through",
        f"The buyer's bank returned the refund of “{line.title}”. Your share of it, "
        f"{_money(refund.seller_cents or 0)}, is yours again until the refund is paid in "
        "another way.",
        "The sale and what became of it:",
        f"{SALE_PATH}/{line.id}",
    )


def dispute(kind: NoticeKind, part: DisputeLine) -> Words:
    """A dispute was opened, won or lost."""
    title, share = part.line.title, _money(part.seller_cents)
    opened = (
        "A sale is disputed",
        f"The bank of a buyer of “{title}” has taken the payment back: "
        f"{dispute_reason(part.dispute.reason)}.\n\n"
        "There is nothing for you to do: Bracket answers the bank with the records of the sale. "
        f"Until the bank decides, your share of {share} is kept back; if it had reached you "
        "already, it is called back. The bank's fee is Bracket's, whatever it decides.",
    )
    words = {
        NoticeKind.DISPUTE_WON: (
            "A dispute was decided for you",
            f"The bank has decided the dispute about “{title}” in our favour. Your share of "
            f"{share} is on its way to you again.",
        ),
        NoticeKind.DISPUTE_LOST: (
            "A dispute was decided for the buyer",
            f"The bank has decided the dispute about “{title}” for the buyer, and the payment "
            f"stays with them. Your share of {share} is lost with it; the bank's fee is Bracket's.",
        ),
    }
    subject, text = words.get(kind, opened)
    return Words(subject, text, "The sale and what became of it:", f"{SALE_PATH}/{part.line.id}")


def payout_failed(payout: SellerPayout) -> Words:
    """A bank returned a payout."""
    return Words(
        "A payout came back",
        f"Your bank returned the payout of {_money(payout.cents)} of "
        f"{payout.created_at.strftime(DAY)}. {payout_failure(payout.failure_code)}\n\n"
        "The money is in your balance at Stripe again. Correct your bank details there; then say "
        "so on your payouts page, and we pay out again.",
        "Your payouts:",
        PAYOUTS_PATH,
    )


def payout_refused(request: PayoutRequest) -> Words:
    """The provider did not make a payout."""
    return Words(
        "A payout could not be made",
        f"Stripe did not make your payout of {_money(request.cents)}. "
        f"{payout_refusal(request.refused_code)}\n\nThe money stays in your balance at Stripe.",
        "Your payouts:",
        PAYOUTS_PATH,
    )


def account_needs(status: TransfersStatus, closed: bool, needs: list[Need]) -> Words:
    """The provider wants something of a seller, or has decided about them."""
    words = account_words(status, closed, needs)
    wanted = [
        f"  - {need.words} ({need.deadline.lower()})"
        + (f"\n    {need.problem}" if need.problem else "")
        for need in needs
    ]
    text = words.text
    if wanted and words.can_continue:
        text += "\n\nWhat Stripe asks for:\n" + "\n".join(wanted)
        text += "\n\nGive it in Stripe's own form, never by e-mail; our page leads there."
    return Words(words.heading, text, "Your account:", ACCOUNT_PATH)


def _money(cents: int) -> str:
    return str(Money(cents))
