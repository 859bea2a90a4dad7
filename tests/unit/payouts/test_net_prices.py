"""What a price leaves its seller, on the page where they choose one."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.listings.models import MAX_PRICE_CENTS, MIN_PRICE_CENTS
from marketplace.payouts.net_prices import net_price, net_prices
from tests.factories.accounts import make_seller
from tests.fixtures.app import log_in


def test_the_parts_of_the_house_prices() -> None:
    known = {199: (40, 159), 299: (60, 239), 499: (100, 399)}
    for cents, parts in known.items():
        one = net_price(cents)
        assert (one.commission.cents, one.seller.cents) == parts


def test_usual_prices_span_the_shop_and_add_up() -> None:
    usual = net_prices()
    assert usual[0].price.cents == MIN_PRICE_CENTS
    assert usual[-1].price.cents == MAX_PRICE_CENTS
    assert all(one.commission + one.seller == one.price for one in usual)
    assert usual[0].typed == "1.99"


def test_the_listing_form_shows_it_without_a_script(client: FlaskClient, session: Session) -> None:
    seller = make_seller(session)
    session.commit()
    page = log_in(client, seller.user).get("/sell/new").text
    table = page.partition('id="net-prices"')[2].partition("</table>")[0]
    for price, share in (("$1.99", "$1.59"), ("$2.99", "$2.39"), ("$4.99", "$3.99")):
        assert price in table
        assert share in table
    assert '<option value="1.99" label="you get $1.59">' in page
    assert 'list="usual-prices"' in page
