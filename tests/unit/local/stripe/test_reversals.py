"""Transfer reversals: partial, too much, refused; both balances stay exact."""

import pytest
import stripe

from local.stripe import behaviour
from tests.unit.local.stripe.till import Till


@pytest.fixture
def transfer(till: Till) -> stripe.Transfer:
    return till.transfer(till.buy().id, till.seller())


def reverse(till: Till, transfer: stripe.Transfer, **params) -> stripe.TransferReversal:
    return till.client.v1.transfers.reversals.create(transfer.id, params)


def test_money_comes_back_on_both_sides(till: Till, transfer):
    till.hooks()
    made = reverse(till, transfer, amount=59, metadata={"line_id": "1"})
    assert (made.amount, made.transfer) == (59, transfer.id)
    after = till.client.v1.transfers.retrieve(
        transfer.id, {"expand": ["reversals.data.balance_transaction"]}
    )
    assert (after.amount_reversed, after.reversed) == (59, False)
    booked = after.reversals.data[0].balance_transaction
    assert (booked.type, booked.reporting_category, booked.net) == (
        "transfer_refund",
        "transfer_reversal",
        59,
    )
    theirs = {"stripe_account": transfer.destination}
    refund = till.client.v1.refunds.retrieve(made.destination_payment_refund, options=theirs)
    assert refund.source_transfer_reversal == made.id
    assert till.total(transfer.destination) == till.booked(transfer.destination) == 100
    assert till.total() == till.booked() == 163 - 100
    assert till.hooks() == ["transfer.reversed"]
    # The money of a reversal is as pending as the money it takes back.
    assert till.client.v1.balance.retrieve().available[0].amount == 0


def test_no_more_than_the_rest(till: Till, transfer):
    reverse(till, transfer, amount=100)
    with pytest.raises(stripe.InvalidRequestError, match=r"\$0\.60.*unreversed.*\$0\.59") as caught:
        reverse(till, transfer, amount=60)
    assert caught.value.param == "amount"
    assert reverse(till, transfer).amount == 59
    with pytest.raises(stripe.InvalidRequestError, match="is already fully reversed"):
        reverse(till, transfer)
    assert till.client.v1.transfers.retrieve(transfer.id).reversed is True


def test_what_stripe_refuses(till: Till, transfer):
    for params, param in (({"amount": 0}, "amount"), ({"note": "x"}, "note")):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            reverse(till, transfer, **params)
        assert caught.value.param == param
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.client.v1.transfers.reversals.create("tr_none", {})
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_an_account_may_go_below_zero_or_refuse(till: Till, transfer):
    till.bank.advance(3 * 86_400)  # everything was paid out
    assert till.total(transfer.destination) == 0
    world = till.bank.world
    behaviour.change(world, {"reversal_when_short": "refuse"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        reverse(till, transfer)
    assert caught.value.code == "balance_insufficient"
    world.store.remember(transfer.destination, reversals="negative")
    assert reverse(till, transfer).amount == 159
    assert till.total(transfer.destination) == till.booked(transfer.destination) == -159
    world.store.remember(transfer.destination, reversals="refuse_all")
    other = till.transfer(till.buy().id, transfer.destination)
    with pytest.raises(stripe.InvalidRequestError):
        reverse(till, other)


def test_what_came_back_can_be_sent_again_unless_that_is_switched_off(till: Till, transfer):
    source, account = transfer.source_transaction, transfer.destination
    reverse(till, transfer)
    again = till.transfer(source, account, 199)
    reverse(till, again)
    behaviour.change(till.bank.world, {"source_counts": "gross"})
    with pytest.raises(stripe.InvalidRequestError, match="must not exceed"):
        till.transfer(source, account, 1)


def test_lists_and_single_ones(till: Till, transfer):
    made = [reverse(till, transfer, amount=10).id for _ in range(3)]
    service = till.client.v1.transfers.reversals
    page = service.list(transfer.id, {"limit": 2})
    assert ([r.id for r in page.data], page.has_more) == ([made[2], made[1]], True)
    assert service.retrieve(transfer.id, made[0]).amount == 10
    assert service.update(transfer.id, made[0], {"metadata": {"a": "1"}}).metadata["a"] == "1"
    other = till.transfer(till.buy().id, transfer.destination)
    with pytest.raises(stripe.InvalidRequestError):
        service.retrieve(other.id, made[0])
