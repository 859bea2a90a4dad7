"""Transfers under the rules of separate charges and transfers, and the balance they leave."""

import pytest
import stripe

from tests.unit.local.stripe.sink import (
    Sink,
    account_params,
    activate,
    active_account,
    eventually,
    paid_charge,
    pay,
    session_params,
)


def params(charge: str, account: str, amount: int = 159, **changes):
    return {
        "amount": amount,
        "currency": "usd",
        "destination": account,
        "source_transaction": charge,
        "transfer_group": "order_1",
        "metadata": {"line_id": "1"},
    } | changes


def test_the_sellers_share_of_a_charge(client: stripe.StripeClient, sink: Sink):
    charge, account = paid_charge(client), active_account(client)
    transfer = client.v1.transfers.create(params(charge, account))
    assert transfer.id.startswith("tr_")
    again = client.v1.transfers.retrieve(transfer.id, {"expand": ["destination"]})
    assert (again.amount, again.source_transaction) == (159, charge)
    assert again.destination.object == "account"
    assert again.destination_payment.startswith("py_")
    assert eventually(lambda: "transfer.created" in sink.types())
    balance = client.v1.balance.retrieve()
    # 199 less the fee of 36, less 159 for the seller: what is left of the commission.
    assert [(b.amount, b.currency) for b in balance.pending] == [(4, "usd")]
    nets = [t.net for t in client.v1.balance_transactions.list().auto_paging_iter()]
    assert nets == [-159, 163]
    theirs = client.v1.balance.retrieve(options={"stripe_account": account})
    assert theirs.pending[0].amount == 159
    payment = client.v1.charges.retrieve(
        again.destination_payment, options={"stripe_account": account}
    )
    assert payment.source_transfer == transfer.id


def test_transfers_are_found_by_group(client: stripe.StripeClient):
    charge, account = paid_charge(client), active_account(client)
    one = client.v1.transfers.create(params(charge, account, 100))
    two = client.v1.transfers.create(params(charge, account, 50))
    client.v1.transfers.create(params(charge, account, 9, transfer_group="order_2"))
    found = client.v1.transfers.list({"transfer_group": "order_1"})
    assert [t.id for t in found.data] == [two.id, one.id]


def test_no_more_than_the_charge(client: stripe.StripeClient):
    charge, account = paid_charge(client), active_account(client)
    client.v1.transfers.create(params(charge, account, 159))
    with pytest.raises(stripe.InvalidRequestError, match=r"must not exceed .* \$1\.99") as caught:
        client.v1.transfers.create(params(charge, account, 41))
    assert caught.value.http_status == 400
    client.v1.transfers.create(params(charge, account, 40))


def test_a_seller_who_cannot_be_paid_and_the_kept_refusal(client: stripe.StripeClient):
    charge = paid_charge(client)
    account = client.v2.core.accounts.create(account_params()).id
    key = {"idempotency_key": "transfer-line-1-1"}
    with pytest.raises(stripe.InvalidRequestError) as first:
        client.v1.transfers.create(params(charge, account), key)
    assert first.value.code == "insufficient_capabilities_for_transfer"
    activate(client, account)
    with pytest.raises(stripe.InvalidRequestError) as replayed:
        client.v1.transfers.create(params(charge, account), key)
    assert replayed.value.code == "insufficient_capabilities_for_transfer"
    assert replayed.value.headers["Idempotent-Replayed"] == "true"
    client.v1.transfers.create(params(charge, account), {"idempotency_key": "transfer-line-1-2"})
    assert len(client.v1.transfers.list().data) == 1


def test_the_source_must_be_a_charge_that_succeeded(client: stripe.StripeClient):
    account = active_account(client)
    with pytest.raises(stripe.InvalidRequestError, match="No such charge"):
        client.v1.transfers.create(params("ch_nothing", account))
    session = client.v1.checkout.sessions.create(session_params())
    pay(session.url, number="4000000000000002")
    failed = client.v1.charges.list().data[0].id
    with pytest.raises(stripe.InvalidRequestError, match="not succeeded"):
        client.v1.transfers.create(params(failed, account))


def test_the_destination_must_exist(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError, match="No such destination") as caught:
        client.v1.transfers.create(params(paid_charge(client), "acct_1nobody"))
    assert (caught.value.http_status, caught.value.param) == (400, "destination")


def test_without_a_source_the_available_balance_decides(client: stripe.StripeClient):
    account = active_account(client)
    plain = {"amount": 100, "currency": "usd", "destination": account}
    paid_charge(client)  # pending for two days, so it does not help
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.transfers.create(plain)
    assert caught.value.code == "balance_insufficient"
    session = client.v1.checkout.sessions.create(session_params())
    pay(session.url, number="4000000000000077")
    assert client.v1.balance.retrieve().available[0].amount == 163
    assert client.v1.transfers.create(plain).transfer_group is None
    assert client.v1.balance.retrieve().available[0].amount == 63


@pytest.mark.parametrize(("amount", "fee"), [(50, 31), (199, 36), (299, 39), (499, 44), (997, 59)])
def test_stripes_fee_is_rounded_half_up(client: stripe.StripeClient, amount, fee):
    price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "x"}}
    charge = paid_charge(client, line_items=[{"quantity": 1, "price_data": price}])
    booked = client.v1.charges.retrieve(charge, {"expand": ["balance_transaction"]})
    assert booked.balance_transaction.fee == fee
    assert booked.balance_transaction.net == amount - fee
