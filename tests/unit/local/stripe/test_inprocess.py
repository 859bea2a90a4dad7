"""The emulator without sockets: seeds, time, faults, webhooks, and a file that outlives it."""

import pytest
import stripe

from local.stripe import deliveries, faults
from local.stripe.config import UnsafeConfiguration
from tests.unit.local.stripe.sink import API_KEY
from tests.unit.local.stripe.till import SECRETS, Till, in_memory


def story(seed: int) -> list[str]:
    """Everything that happens in a short life, in order."""
    till = Till(in_memory(seed))
    faults.replace(
        till.bank.world.store,
        {
            "webhooks": [{"action": "drop", "rate": 0.3}, {"action": "duplicate", "rate": 0.5}],
            "api": [{"action": "500", "rate": 0.2, "method": "GET"}],
        },
    )
    account = till.seller()
    for _ in range(3):
        till.transfer(till.buy().id, account)
    return [f"{hook.endpoint} {hook.type} {hook.event_id}" for hook in till.bank.webhooks()]


def test_the_same_seed_tells_the_same_story():
    assert story(5) == story(5)
    assert story(5) != story(6)


def test_webhooks_are_signed_and_come_again_until_they_are_taken():
    till = Till(in_memory())
    till.seller()
    till.buy()
    seen = []
    for hook in till.bank.webhooks():
        secret = SECRETS[hook.endpoint]
        # In the library's eyes these signatures are from another day; only their form counts.
        stripe.WebhookSignature.verify_header(hook.body.decode(), hook.signature, secret, None)
        seen.append(hook.event_id)
        hook.answer(500 if hook.type == "checkout.session.completed" else 200)
    assert len(seen) == len(set(seen))
    assert till.hooks() == []  # not yet due again
    till.bank.advance(60)
    assert till.hooks() == ["checkout.session.completed"]
    till.bank.advance(3600)
    assert till.hooks() == []


def test_thin_events_are_read_by_the_library():
    till = Till(in_memory())
    account = till.seller()
    thin = {}
    for hook in till.bank.webhooks():
        hook.answer(200)
        if hook.endpoint == "thin":
            stamp = hook.signature
            thin[hook.type] = till.client.parse_event_notification(
                hook.body, stamp, SECRETS["thin"], tolerance=10**9
            )
            with pytest.raises(ValueError, match="parse_event_notification"):
                till.client.construct_event(hook.body, stamp, SECRETS["thin"], tolerance=10**9)
    changed = thin["v2.core.account[configuration.recipient].capability_status_updated"]
    assert changed.related_object.id == account
    assert changed.fetch_related_object().id == account
    assert changed.fetch_event().data.updated_capability == "stripe_balance.stripe_transfers"
    assert "v2.core.account[requirements].updated" in thin
    page = till.client.v2.core.events.list({"object_id": account, "limit": 1})
    assert len(list(page.auto_paging_iter())) == len(thin)


def test_a_lost_answer_is_found_under_its_key(till: Till):
    charge = till.buy()
    rules = {"api": [{"action": "lost_answer", "times": 1, "path": "/v1/refunds"}]}
    faults.replace(till.bank.world.store, rules)
    once = till.bank.client(max_network_retries=0)
    params, key = {"charge": charge.id, "amount": 50}, {"idempotency_key": "refund-1"}
    with pytest.raises(stripe.APIConnectionError):
        once.v1.refunds.create(params, key)
    again = once.v1.refunds.create(params, key)
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert [r.id for r in once.v1.refunds.list().data] == [again.id]


def test_refusals_by_rule_are_not_kept_but_real_ones_are(till: Till):
    transfer = till.transfer(till.buy().id, till.seller())
    rules = {"api": [{"action": "refuse", "times": 1, "path": "/v1/transfers/*/reversals"}]}
    faults.replace(till.bank.world.store, rules)
    reverse = till.client.v1.transfers.reversals.create
    key = {"idempotency_key": "reverse-1"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        reverse(transfer.id, {}, key)
    assert caught.value.code == "balance_insufficient"
    assert reverse(transfer.id, {}, key).amount == 159
    other = {"idempotency_key": "reverse-2"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="fully reversed"):
            reverse(transfer.id, {}, other)


def test_keys_are_forgotten_after_a_day_and_belong_to_an_account(till: Till):
    params, key = {"amount": 500, "currency": "usd"}, {"idempotency_key": "k"}
    first = till.client.v1.payment_intents.create(params, key)
    assert till.client.v1.payment_intents.create(params, key).id == first.id
    till.bank.advance(86_500)
    assert till.client.v1.payment_intents.create(params, key).id != first.id


def test_a_declined_card_leaves_its_charge_and_its_answer_is_kept(till: Till):
    params = {
        "amount": 500,
        "currency": "usd",
        "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds",
        "confirm": True,
    }
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            till.client.v1.payment_intents.create(params, {"idempotency_key": "k"})
    assert (caught.value.code, caught.value.http_status) == ("card_declined", 402)
    (charge,) = till.client.v1.charges.list().data
    assert (charge.status, charge.outcome.reason) == ("failed", "insufficient_funds")


def test_reordered_webhooks_overtake_one_another():
    till = Till(in_memory(seed=11))
    rules = {"webhooks": [{"action": "reorder", "seconds": 60}]}
    faults.replace(till.bank.world.store, rules)
    for _ in range(3):
        till.buy()
    made = [e.id for e in till.client.v1.events.list({"limit": 100}).data][::-1]
    assert list(till.bank.webhooks()) == []
    till.bank.advance(61)
    came = []
    for hook in till.bank.webhooks():
        hook.answer(200)
        came.append(hook.event_id)
    assert sorted(came) == sorted(made)
    assert came != made


def test_a_skewed_clock_shows_in_signatures_only(till: Till):
    till.bank.world.skew = -4000
    till.buy()
    hook = next(iter(till.bank.webhooks()))
    stamp = int(hook.signature.partition(",")[0].removeprefix("t="))
    assert stamp - till.bank.world.clock() == -4000


def test_everything_is_there_again_after_a_restart(tmp_path):
    first = Till(in_memory(state_dir=tmp_path))
    account = first.seller()
    charge = first.buy(card="pm_card_refundFail")
    refund = first.client.v1.refunds.create({"charge": charge.id})
    first.bank.advance(86_400)
    first.bank.close()
    second = Till(in_memory(state_dir=tmp_path))
    assert second.bank.world.advanced == 86_400
    assert second.total() == second.booked() == first_total(charge) - 199
    second.bank.advance(3 * 86_400)  # what was planned before the restart happens after it
    assert second.client.v1.refunds.retrieve(refund.id).status == "failed"
    assert second.buy().id != charge.id
    assert second.client.v1.accounts.retrieve(account).payouts_enabled
    assert second.hooks("connect")[:1] == ["account.updated"]
    second.bank.close()


def first_total(charge: stripe.Charge) -> int:
    return charge.balance_transaction.net


def test_lists_page_both_ways_and_filter_by_time(till: Till):
    made = []
    for _ in range(5):
        made.append(till.buy().id)
        till.bank.advance(10)
    service = till.client.v1.charges
    page = service.list({"limit": 2})
    assert ([c.id for c in page.data], page.has_more) == (made[:2:-1], True)
    rest = service.list({"limit": 3, "starting_after": made[3]})
    assert ([c.id for c in rest.data], rest.has_more) == (made[2::-1], False)
    before = service.list({"limit": 2, "ending_before": made[2]})
    assert ([c.id for c in before.data], before.has_more) == ([made[4], made[3]], False)
    third = service.retrieve(made[2]).created
    newer = service.list({"created": {"gt": third}, "expand": ["data.balance_transaction"]})
    assert [c.id for c in newer.data] == [made[4], made[3]]
    assert newer.data[0].balance_transaction.net == 163
    assert [c.id for c in service.list({"created": third}).data] == [made[2]]
    for wrong in (
        {"limit": 0},
        {"limit": 101},
        {"starting_after": "ch_none"},
        {"starting_after": made[0], "ending_before": made[1]},
        {"expand": ["data.a.b.c.d"]},
        {"created": {"about": 5}},
    ):
        with pytest.raises(stripe.InvalidRequestError):
            service.list(wrong)


def test_undelivered_counts_endpoints(till: Till):
    till.buy()
    world = till.bank.world
    event = till.client.v1.events.list({"delivery_success": False, "limit": 1}).data[0]
    assert deliveries.undelivered(world.store, event.id) == event.pending_webhooks == 1
    till.hooks()
    assert till.client.v1.events.list({"delivery_success": False}).data == []


def test_old_events_are_forgotten_but_not_those_that_wait(till: Till):
    till.buy()
    till.hooks()
    till.bank.advance(31 * 86_400)
    till.hooks()
    till.buy()
    assert till.bank.forget_events() == 3
    kinds = [e.type for e in till.client.v1.events.list({"limit": 100}).data]
    assert kinds.count("checkout.session.completed") == 1
    assert len(till.hooks()) == 3


def test_only_test_keys():
    with pytest.raises(UnsafeConfiguration):
        in_memory(api_key=API_KEY.replace("_test_", "_live_"))
