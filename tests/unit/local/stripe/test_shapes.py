"""Every object the API returns has every field that the pinned library documents for it."""

from typing import Any

import stripe

from local.stripe import disputes, payouts, shapes
from tests.unit.local.stripe.till import Till

# Fields that Stripe sends on request only, or leaves out where they do not apply. The library
# marks none of them, so this list is what the emulator believes.
ON_REQUEST = {
    "checkout.session": {"line_items"},
    "charge": {"refunds", "transfer", "level3"},
    "refund": {"description", "instructions_email", "next_action", "presentment_details"},
    "balance": {
        "connect_reserved",
        "instant_available",
        "issuing",
        "refund_and_dispute_prefunding",
    },
    "event": {"account", "context"},
    "item": {"adjustable_quantity", "discounts", "taxes"},
    "price": {"currency_options", "tiers"},
    "bank_account": {"customer"},
}
ONLY_WHEN_DELETED = {"deleted"}


def objects(till: Till) -> dict[str, Any]:
    """One object of every kind, after it has lived a little."""
    client, account = till.client, till.seller()
    theirs: Any = {"stripe_account": account}
    charge = till.buy(card="pm_card_bypassPending")
    disputed = till.buy(card="pm_card_createDispute")
    till.buy(card="pm_card_createIssuerFraudRecord")
    session = client.v1.checkout.sessions.list({"expand": ["data.line_items"]}).data[0]
    transfer = till.transfer(charge.id, account)
    payout = payouts.pay_out(till.bank.world, account, 100)
    dispute = client.v1.disputes.list({"charge": disputed.id}).data[0]
    disputes.decide(till.bank.world, dispute.id, "won")
    return {
        "checkout.session": session,
        "item": session.line_items.data[0],
        "price": session.line_items.data[0].price,
        "payment_intent": client.v1.payment_intents.retrieve(str(charge.payment_intent)),
        "charge": charge,
        "balance_transaction": charge.balance_transaction,
        "refund": client.v1.refunds.create({"charge": charge.id, "amount": 1}),
        "transfer": transfer,
        "transfer_reversal": client.v1.transfers.reversals.create(transfer.id, {"amount": 1}),
        "dispute": client.v1.disputes.retrieve(dispute.id),
        "radar.early_fraud_warning": client.v1.radar.early_fraud_warnings.list().data[0],
        "payout": client.v1.payouts.retrieve(payout["id"], options=theirs),
        "bank_account": client.v1.payouts.retrieve(
            payout["id"], {"expand": ["destination"]}, theirs
        ).destination,
        "balance": client.v1.balance.retrieve(),
        "balance_settings": client.v1.balance_settings.retrieve(options=theirs),
        "account": client.v1.accounts.retrieve(account),
        "v2.core.account": client.v2.core.accounts.retrieve(account),
        "event": client.v1.events.list().data[0],
        "v2.core.event": client.v2.core.events.list({"object_id": account}).data[0],
    }


def test_no_documented_field_is_missing_and_none_is_invented(till: Till):
    found = objects(till)
    for kind, thing in found.items():
        assert thing.object == kind
        documented = shapes.keys_of(type(thing)) - ON_REQUEST.get(kind, set()) - ONLY_WHEN_DELETED
        sent = set(thing.to_dict())
        assert documented <= sent, (kind, documented - sent)
        invented = sent - shapes.keys_of(type(thing)) - {"object"}
        # Subclasses of v2 events add what belongs to their type.
        assert invented <= ({"data", "related_object"} if kind == "v2.core.event" else set()), kind


def test_the_two_sides_of_a_link_and_a_login(till: Till):
    account = till.seller()
    link = till.client.v1.account_links.create(
        {
            "account": account,
            "type": "account_onboarding",
            "refresh_url": "http://127.0.0.1:9/r",
            "return_url": "http://127.0.0.1:9/b",
        }
    )
    login = till.client.v1.accounts.login_links.create(account)
    for thing, cls in ((link, stripe.AccountLink), (login, stripe.LoginLink)):
        assert set(thing.to_dict()) == shapes.keys_of(cls)
