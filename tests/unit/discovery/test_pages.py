"""The public pages over HTTP."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.catalogue import load_catalogue
from marketplace.search import finding
from marketplace.verification.states import Verdict
from tests.factories.accounts import make_user
from tests.factories.shop import make_on_sale, make_purchase
from tests.fixtures.app import log_in
from tests.unit.discovery.conftest import Shop


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.get_data(as_text=True)


@pytest.fixture
def buyer(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of somebody with an account."""
    person = make_user(session, name="Robin")
    session.commit()
    return log_in(client, person)


# -- home ---------------------------------------------------------------------------------------


def test_the_home_page_of_an_empty_shop_is_complete(client: FlaskClient, session: Session) -> None:
    load_catalogue(session)
    session.commit()
    text = page(client, "/")
    assert "Prompts that prove themselves" in text
    assert "The first prompts are being verified" in text
    assert "Wallpapers" in text
    assert "http-equiv" not in text


def test_where_demo_content_is_coming_the_home_page_says_so_and_looks_again(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    here = services.settings.model_copy(update={"local_mail_page": "http://127.0.0.1:9/mail"})
    app.jinja_env.globals["settings"] = here
    text = page(client, "/")
    assert "demo listings are on their way" in text
    assert 'http-equiv="refresh"' in text
    assert 'href="http://127.0.0.1:9/mail"' in text


def test_the_home_page_shows_a_sample_beside_its_rerun(client: FlaskClient, shop: Shop) -> None:
    text = page(client, "/")
    assert "Our re-run" in text
    assert "/media/rerun.webp" in text
    assert "Paper-cut foxes" in text
    assert "Fox that nobody may see yet" not in text


# -- browse -------------------------------------------------------------------------------------


def test_filters_live_in_the_address_and_can_be_taken_away_one_by_one(
    client: FlaskClient, shop: Shop
) -> None:
    text = page(client, "/search?q=foxes&category=posters&model=house-full&sort=price_low")
    assert "1 prompt</p>" in text
    assert "Paper-cut foxes" in text
    assert "Castles at dusk" not in text
    assert 'href="/search?q=foxes&amp;model=house-full&amp;sort=price_low"' in text
    assert 'href="/browse?model=house-full&amp;category=posters&amp;sort=price_low"' in text
    assert re.search(r'value="posters" id="category-\d" checked', text)


def test_no_result_names_the_filter_and_offers_to_relax_it(client: FlaskClient, shop: Shop) -> None:
    text = page(client, "/search?q=harbour&category=posters")
    assert "0 results because of category: Posters" in text
    assert 'href="/search?q=harbour">Without Posters <span class="muted numeric">1<' in text
    assert 'href="/browse?category=posters"' in text
    text = page(client, "/browse?category=posters&model=house-fast&price=3")
    assert "0 results because nothing has all of these together: House" not in text
    assert "0 results because" in text


def test_no_result_for_words_alone_gives_advice(client: FlaskClient, shop: Shop) -> None:
    text = page(client, "/search?q=zeppelin")
    assert "no prompt on sale is about “zeppelin”" in text
    assert "Check the spelling" in text
    assert "no word here that could be looked for" in page(client, "/search?q=the")


def test_old_addresses_with_words_lead_to_search(client: FlaskClient, shop: Shop) -> None:
    answer = client.get("/browse?q=fox&category=posters")
    assert (answer.status_code, answer.location) == (301, "/search?q=fox&category=posters")


def test_sorted_lists_are_one_page_to_search_engines(client: FlaskClient, shop: Shop) -> None:
    sorted_text = page(client, "/browse?sort=newest&category=posters")
    assert '<link rel="canonical" href="http://localhost/browse?category=posters">' in sorted_text
    for elsewhere in (
        "/search?q=fox",
        f"/browse?sort=newest&after=2026-01-01T00:00:00%2B00:00~{shop.fox.id}",
    ):
        text = page(client, elsewhere)
        assert 'rel="canonical"' not in text
        assert '<meta name="robots" content="noindex">' in text


def test_odd_addresses_are_answered(client: FlaskClient, shop: Shop) -> None:
    for query in (
        "q=%00fox",
        "after=0",
        f"after=1e400~{shop.fox.id}",
        f"sort=newest&after=2026-01-01~{shop.fox.id}",
        f"sort=price_low&after=1e8~1~{shop.fox.id}",
        "model=x&category=y&sort=z&tier=&price=9",
        "q=" + "a" * 3000,
        "q=%ff%fe",
        "q=%27%3A*%20%26%20!%20%5C%20%3C-%3E",
        'q="unclosed',
        "look=AAAA",
    ):
        page(client, f"/search?{query}")
        if not query.startswith(("q=", "look=")):  # those lead to /search
            page(client, f"/browse?{query}")


def test_pages_are_linked_with_their_filters_and_show_everything_once(
    client: FlaskClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE_SIZE", 2)
    for first in ("/browse?sort=newest&model=house-full&model=house-fast", "/search?q=sea or"):
        seen: list[str] = []
        address: str | None = first
        while address:
            text = page(client, address)
            seen += re.findall(r'<li data-id="([^"]+)"', text)
            found = re.search(r'rel="next" href="([^"]+)">Show more', text)
            address = found[1].replace("&amp;", "&") if found else None
        assert len(seen) == len(set(seen)) >= 1
        if "newest" in first:
            assert seen == [one.path for one in (shop.fox, shop.castle, shop.harbour, shop.badge)]


def test_past_the_end_a_page_leads_back(client: FlaskClient, shop: Shop) -> None:
    text = page(client, f"/browse?sort=price_low&after=900.0~0.0~{shop.fox.id}")
    assert "That was the last page" in text
    assert 'href="/browse?sort=price_low">First page' in text


def test_words_are_shown_as_text_never_as_markup(client: FlaskClient, shop: Shop) -> None:
    text = page(client, "/search?q=<script>alert(1)</script>")
    assert "<script>alert" not in text


# -- listing ------------------------------------------------------------------------------------


def test_a_wrong_slug_leads_to_the_right_address(client: FlaskClient, shop: Shop) -> None:
    for wrong in (f"other-words-{shop.fox.id}", f"-{shop.fox.id}", shop.fox.id):
        answer = client.get(f"/p/{wrong}")
        assert answer.status_code == 301, wrong
        assert answer.location == f"/p/{shop.fox.path}"


def test_unknown_listings_are_not_there(client: FlaskClient) -> None:
    for path in ("nothing", "fox-", "fox-%00", "fox-" + "0" * 13, "a" * 500):
        page(client, f"/p/{path}", 404)


def test_a_listing_shows_its_skeleton_values_settings_and_proof(
    client: FlaskClient, shop: Shop
) -> None:
    text = page(client, f"/p/{shop.fox.path}")
    assert "[subject]" in text
    assert all(f">{value}<" in text for value in ("sunset", "night", "noon"))
    assert "DPM++ 2M" in text
    assert "3 of 3 samples came out the same" in text
    assert "4 of 256 fingerprint bits differ" in text
    assert f"/p/{shop.fox.path}/proof" in text
    assert "$2.99" in text


def test_a_listing_approved_by_a_person_says_so(
    client: FlaskClient, session: Session, services: Services, shop: Shop
) -> None:
    listing = make_on_sale(
        session, services, shop.mira, distances=(0, 50, 50), verdict=Verdict.INCONCLUSIVE
    )
    text = page(client, f"/p/{listing.path}")
    assert "1 of 3 samples came out the same" in text
    assert "A moderator compared the pictures" in text


def test_a_listing_in_review_is_there_for_its_seller_alone(
    app: Flask, client: FlaskClient, session: Session, shop: Shop
) -> None:
    page(client, f"/p/{shop.unseen.path}", 404)
    own = log_in(app.test_client(), shop.mira.user)
    assert "Only you can see this page" in page(own, f"/p/{shop.unseen.path}")
    other = log_in(app.test_client(), shop.tide.user)
    page(other, f"/p/{shop.unseen.path}", 404)


def test_strangers_are_sent_to_log_in_before_they_buy(client: FlaskClient, shop: Shop) -> None:
    text = page(client, f"/p/{shop.fox.path}")
    assert "Log in to buy" in text
    assert f'href="/account/login?next=/checkout/start/{shop.fox.id}"' in text
    assert f'action="/checkout/start/{shop.fox.id}"' not in text
    assert f'action="/cart/add/{shop.fox.id}"' in text  # a cart needs no account


def test_somebody_with_an_account_can_buy(buyer: FlaskClient, shop: Shop) -> None:
    text = page(buyer, f"/p/{shop.fox.path}")
    assert f'method="post" action="/checkout/start/{shop.fox.id}">' in text
    assert f'method="post" action="/cart/add/{shop.fox.id}">' in text
    assert 'name="csrf_token"' in text
    assert 'name="terms" value="y">' in text  # consent starts unticked


def test_an_owner_opens_it_instead_of_buying_again(
    client: FlaskClient, session: Session, shop: Shop
) -> None:
    person = make_user(session)
    right = make_purchase(session, person, shop.fox)
    text = page(log_in(client, person), f"/p/{shop.fox.path}")
    assert f'href="/library/{right.id}"' in text
    assert "Buy now" not in text


def test_a_seller_edits_their_own_listing(client: FlaskClient, shop: Shop) -> None:
    text = page(log_in(client, shop.mira.user), f"/p/{shop.fox.path}")
    assert f'href="/sell/{shop.fox.id}"' in text
    assert "Buy now" not in text


def test_nothing_is_sold_while_its_seller_cannot_be_paid(
    buyer: FlaskClient, session: Session, shop: Shop
) -> None:
    shop.mira.transfers_status = TransfersStatus.RESTRICTED
    session.commit()
    text = page(buyer, f"/p/{shop.fox.path}")
    assert "cannot be paid at the moment" in text
    assert "/checkout/start" not in text


# -- seller and crawlers ------------------------------------------------------------------------


def test_a_seller_page_lists_what_is_on_sale(client: FlaskClient, shop: Shop) -> None:
    text = page(client, "/s/tideline")
    assert "2 prompts on sale" in text
    assert "Harbour mornings" in text
    assert "Paper-cut foxes" not in text
    assert shop.tide.user.email not in text


def test_unknown_sellers_are_not_there(client: FlaskClient) -> None:
    for handle in ("nobody", "%00", "a" * 500):
        page(client, f"/s/{handle}", 404)


def test_crawlers_are_asked_to_stay_out_of_personal_pages(client: FlaskClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    assert "Disallow: /library\n" in answer.get_data(as_text=True)
