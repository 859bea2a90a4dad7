"""News that come before what they are about is known, or after it is gone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from local.stripe import accounts, payouts
from local.stripe.inprocess import Hook
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.stripe_events.models import InboxState, StripeEvent
from marketplace.stripe_events.operations import process_event, store_event
from tests.fixtures.trading import Trade


def test_an_effect_that_fails_is_put_off_like_any_failure(trade: Trade) -> None:
    """What was read of the event is forgotten with the transaction that failed."""
    trade.dispute(trade.buy(trade.listing(299)))
    (hook,) = [one for one in _waiting(trade) if one.type == "charge.dispute.created"]
    event = trade.services.payments.read_webhook(hook.body, hook.signature, False)
    with trade.work() as session:
        store_event(session, event)

    def broken(*given: object) -> None:
        raise RuntimeError("a mistake of ours")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("marketplace.stripe_events.handlers.record_dispute", broken)
        assert process_event(trade.services, event.event_id) is InboxState.FAILED
    with trade.work() as session:
        stored = session.get_one(StripeEvent, event.event_id)
        assert (stored.error, stored.attempts) == ("RuntimeError", 1)
    assert process_event(trade.services, event.event_id) is InboxState.DONE


def test_a_dispute_before_the_checkout_is_known_is_not_ignored(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id, "pm_card_createDispute")
    with trade.work() as session:
        order = session.get_one(Order, order_id)
        lost, order.checkout_session_id = order.checkout_session_id, None
        order.state = OrderState.DRAFT
    (hook,) = [one for one in _waiting(trade) if one.type == "charge.dispute.created"]
    event = trade.services.payments.read_webhook(hook.body, hook.signature, False)
    with trade.work() as session:
        store_event(session, event)
    assert process_event(trade.services, event.event_id) is InboxState.FAILED
    assert lost is not None
    trade.deliver()
    assert process_event(trade.services, event.event_id) is InboxState.DONE
    assert trade.order(order_id).state is OrderState.DISPUTED


def test_news_of_a_payout_ends_with_its_account(trade: Trade) -> None:
    seller_id = trade.seller()
    account = trade.account_of[seller_id]
    made = payouts.pay_out(trade.bank.world, account, 100)
    payouts.fail(trade.bank.world, made["id"])
    accounts.close_now(trade.bank.world, account)
    trade.deliver()
    with trade.work() as session:
        states = select(StripeEvent.state).where(StripeEvent.type == "payout.failed")
        assert session.scalars(states).all() == [InboxState.IGNORED]


def _waiting(trade: Trade) -> list[Hook]:
    """What would be delivered, left where it is."""
    found = []
    for hook in trade.bank.webhooks(early=True):
        found.append(hook)
        hook.answer(None)
    return found
