"""Sales, codes and sellers' own links at the checkout: what is charged, shared, booked, limited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError
from marketplace.listings.models import Listing
from marketplace.offers.models import DiscountCode, TimedSale
from marketplace.offers.operations import (
    Offer,
    cancel_sale,
    make_code,
    start_sale,
    turn_sales,
    withdraw_code,
)
from marketplace.offers.pricing import Reduction
from marketplace.offers.queries import running_sales
from marketplace.offers.states import SaleState
from marketplace.orders import ledger
from marketplace.orders.checkout import CheckoutDetails, check_out
from marketplace.orders.models import LedgerEntry, Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.quoting import Asked, quote
from marketplace.orders.refunds import refund_lines, refund_order
from marketplace.orders.states import OrderState, RefundReason
from marketplace.payouts.statements import REFERRED, make_statement, months_of
from tests.factories.orders import make_buyer
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import other_listing

CODE = Asked(("fox-20",))
HOUR = timedelta(hours=1)


def sale(house: House, **given: int) -> str:
    with house.work() as session:
        offer = Offer(Reduction(**given), None, None, now() + HOUR)
        return start_sale(session, house.seller_id, offer).id


def code(house: House, uses: int | None = None, each: int | None = None, **given: int) -> str:
    with house.work() as session:
        offer = Offer(Reduction(**given or {"percent": 20}), None, None, now() + HOUR)
        return make_code(session, house.seller_id, "FOX20", offer, uses, each).id


def buy(house: House, asked: Asked = CODE, buyer_id: str = "", seen: int | None = None) -> str:
    prices = None if seen is None else {house.listing_id: seen}
    details = CheckoutDetails(asked=asked, prices=prices)
    return check_out(house.services, buyer_id or house.buyer_id, [house.listing_id], details)


def newest(house: House) -> OrderLine:
    with house.work() as session:
        return session.scalars(
            select(OrderLine).join(Order).order_by(Order.created_at.desc())
        ).first()


def said(house: House, buyer_id: str | None = None, *codes: str) -> list[str]:
    with house.work() as session:
        listing = session.get_one(Listing, house.listing_id)
        asked = Asked(codes or ("FOX20",))
        return [one.message for one in quote(session, buyer_id, [listing], asked).notes]


def paid(house: House, url: str) -> OrderLine:
    line = newest(house)
    assert house.bank.pay(url).status_code == 303
    assert settle(house.services, line.order_id) is OrderState.PAID
    house.run_jobs()
    return newest(house)


def test_a_sale_is_charged_and_shared_by_what_is_paid(house: House) -> None:
    sale_id = sale(house, percent=50)
    line = paid(house, buy(house, Asked()))
    assert (line.list_cents, line.price_cents, line.sale_id) == (299, 149, sale_id)
    assert (line.commission_cents, line.seller_cents) == (30, 119)
    assert [one["amount"] for one in house.bank.transfers(line.order_id)] == [119]
    with house.work() as session:
        refund_order(session, house.services, line.order_id, RefundReason.OWNER_DECISION, "", None)
    house.run_jobs()
    line = newest(house)
    assert (line.refunded_cents, line.refunded_seller_cents) == (149, 119)


def test_a_sale_that_ends_is_told_before_anything_is_paid(house: House) -> None:
    sale_id = sale(house, percent=50)
    with house.work() as session:
        assert cancel_sale(session, house.seller_id, sale_id)
        assert not cancel_sale(session, house.seller_id, sale_id)
    with pytest.raises(ConflictError, match="A price has changed"):
        buy(house, Asked(), seen=149)
    buy(house, Asked(), seen=299)
    assert newest(house).price_cents == 299


def test_an_open_checkout_keeps_its_price_until_it_is_opened_anew(house: House) -> None:
    sale_id = sale(house, percent=50)
    first = buy(house, Asked(), seen=149)
    assert buy(house, Asked(), seen=149) == first
    with frozen(now() + HOUR):  # the sale is over to the second, whatever the sweep has written
        with pytest.raises(ConflictError, match="A price has changed"):
            buy(house, Asked(), seen=149)
        with house.work() as session:
            assert running_sales(session, [house.listing_id]) == {}
            assert turn_sales(session) >= 1
            assert turn_sales(session) == 0
            assert session.get_one(TimedSale, sale_id).state is SaleState.ENDED


def test_the_best_of_several_sales_counts_and_only_for_whom_it_is_meant(house: House) -> None:
    other = other_listing(house)
    sale(house, percent=10)
    best = sale(house, off_cents=150)
    with house.work() as session:
        found = running_sales(session, [house.listing_id, other.id])
    assert {key: (one.sale_id, one.price_cents) for key, one in found.items()} == {
        house.listing_id: (best, 149)
    }


def test_a_code_lowers_its_sellers_lines_and_is_used_once_paid(house: House) -> None:
    other = other_listing(house)
    code_id = code(house, uses=5, each=1)
    wanted = [house.listing_id, other.id]
    url = check_out(house.services, house.buyer_id, wanted, CheckoutDetails(asked=CODE))
    with house.work() as session:
        lines = session.scalars(select(OrderLine).order_by(OrderLine.position)).all()
        assert [(one.price_cents, one.discount_cents, one.code_id) for one in lines] == [
            (239, 60, code_id),
            (499, 0, None),
        ]
    assert said(house, house.buyer_id) == ["With code FOX20 1 prompt is cheaper."]  # its own use
    paid(house, url)
    assert "you have done so" in said(house, house.buyer_id)[0]
    assert "cheaper" in said(house, None)[0]


def test_the_better_of_code_and_sale_counts(house: House) -> None:
    code(house, percent=30)
    sale(house, percent=20)
    buy(house)
    assert (newest(house).price_cents, newest(house).sale_id) == (209, None)
    sale(house, percent=40)
    assert "the sale counts" in said(house)[0]
    buy(house)
    line = newest(house)
    assert (line.price_cents, line.code_id) == (179, None)


def test_the_last_use_is_one_buyers(house: House) -> None:
    code(house, uses=1)
    with house.work() as session:
        buyers = [make_buyer(session).id for _ in range(4)]
    start = Barrier(len(buyers))

    def race(buyer_id: str) -> str:
        start.wait(60)
        try:
            buy(house, CODE, buyer_id, seen=239)
        except ConflictError as error:
            return error.code
        return "won"

    with ThreadPoolExecutor(len(buyers)) as threads:
        assert sorted(threads.map(race, buyers)) == [*["price_changed"] * 3, "won"]
    assert "as often as it may be" in said(house)[0]


def test_an_expired_checkout_gives_its_use_back(house: House) -> None:
    code(house, uses=1)
    buy(house)
    line = newest(house)
    assert "as often" in said(house)[0]
    with house.work() as session:
        house.bank.expire(str(session.get_one(Order, line.order_id).checkout_session_id))
    assert settle(house.services, line.order_id) is OrderState.EXPIRED
    assert "cheaper" in said(house)[0]


def test_the_same_buyer_changes_their_cart_and_needs_no_second_use(house: House) -> None:
    code(house, uses=1, each=1)
    first = buy(house)
    assert buy(house) == first
    wanted = [house.listing_id, other_listing(house).id]
    check_out(house.services, house.buyer_id, wanted, CheckoutDetails(asked=CODE))
    with house.work() as session:
        assert session.scalars(select(OrderLine).where(OrderLine.code_id.is_not(None))).all()
        states = session.scalars(select(Order.state).order_by(Order.created_at)).all()
    assert states == [OrderState.EXPIRED, OrderState.AWAITING_PAYMENT]


def test_codes_that_do_not_work_say_why(house: House) -> None:
    code_id = code(house)
    assert "No seller of these prompts" in said(house, None, "OTHER")[0]
    with house.work() as session:
        row = session.get_one(DiscountCode, code_id)
        row.starts_at, row.ends_at = now() + HOUR, now() + 2 * HOUR
    assert "is valid from" in said(house)[0]
    with frozen(now() + 3 * HOUR):
        assert "was valid until" in said(house)[0]
    with house.work() as session:
        assert withdraw_code(session, house.seller_id, code_id)
    assert "withdrawn" in said(house)[0]
    other = other_listing(house)
    with house.work() as session:
        listing = session.get_one(Listing, other.id)
        notes = quote(session, None, [listing], Asked(("FOX20",))).notes
        offer = Offer(Reduction(percent=5), [house.listing_id], None, None)
        made = make_code(session, house.seller_id, "ONLY1", offer, None, None)
        assert made.holds_for(session.get_one(Listing, house.listing_id))
        assert not made.holds_for(listing)
    assert "No seller of these prompts" in notes[0].message  # another's code is not told of


def test_a_sale_by_the_sellers_own_link_bears_no_commission(house: House) -> None:
    other = other_listing(house)
    details = CheckoutDetails(asked=Asked(referrer_id=house.seller_id))
    url = check_out(house.services, house.buyer_id, [house.listing_id, other.id], details)
    with house.work() as session:
        lines = session.scalars(select(OrderLine).order_by(OrderLine.position)).all()
    assert [(one.commission_cents, one.seller_cents, one.referred) for one in lines] == [
        (0, 299, True),
        (100, 399, False),
    ]
    house.bank.pay(url)
    assert settle(house.services, lines[0].order_id) is OrderState.PAID
    house.run_jobs()
    assert sorted(t["amount"] for t in house.bank.transfers(lines[0].order_id)) == [299, 399]
    with house.work() as session:
        entry = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "charge")).one()
        legs = [(leg.account, leg.amount_cents) for leg in entry.postings]
        assert (ledger.COMMISSION, -100) in legs
        assert len([one for one in legs if one[0] == ledger.COMMISSION]) == 1
        assert lines[0].id in str(entry.memo)
        month = months_of(session, house.seller_id)[0]
        rows = make_statement(session, house.seller_id, month).rows
        assert (rows[0].words, rows[0].commission_cents, rows[0].cents) == (REFERRED, 0, 299)
        parts, why = {lines[0].id: 100}, RefundReason.OWNER_DECISION
        refund_lines(session, house.services, lines[0].order_id, parts, why, "", None)
    house.run_jobs()
    with house.work() as session:
        line = session.get_one(OrderLine, lines[0].id)
        assert (line.refunded_cents, line.refunded_seller_cents) == (100, 100)
        assert ledger.trial_balance(session) == 0


def test_terms_are_those_of_the_moment_the_order_was_made(house: House) -> None:
    """Neither a setting that is switched nor a link followed later reaches an open order."""
    by_link = Asked(referrer_id=house.seller_id)
    first = buy(house, by_link)
    line = newest(house)
    paid(house, first)
    assert newest(house).commission_cents == 0
    with house.work() as session:
        buyer_id = make_buyer(session).id
    buy(house, by_link, buyer_id)
    line = newest(house)
    buy(house, Asked(), buyer_id)  # pressed again after the switch: a new order, the old one closed
    with house.work() as session:
        assert session.get_one(Order, line.order_id).state is OrderState.EXPIRED
    assert newest(house).commission_cents == 60


def test_nobody_saves_the_commission_on_their_own_purchases(house: House) -> None:
    with house.work() as session:
        listing = session.get_one(Listing, house.listing_id)
        asked = Asked(referrer_id=house.seller_id)
        assert not quote(session, house.seller_id, [listing], asked).lines[listing.id].referred
        assert quote(session, house.buyer_id, [listing], asked).lines[listing.id].referred
