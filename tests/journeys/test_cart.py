"""A cart of two sellers in a real browser: paid once, its papers read, one line asked back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Locator, Page
from pypdf import PdfReader

from marketplace.accounts.queries import user_by_email
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from tests.factories.orders import publish_version
from tests.fixtures.stack import RunningStack, eventually
from tests.journeys.conftest import CART_BUYER, MODERATOR, SECOND_SELLER, Shop
from tests.journeys.offers import HIDDEN_WORDS, Account
from tests.journeys.steps import log_in, pay_by_card
from tests.journeys.visitor import Visitor, path_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.timeout(480),
]

TITLE = "Moths around a lamp"


@dataclass(frozen=True)
class Second:
    """The other seller's listing."""

    listing_id: str
    path: str


@pytest.fixture
def second(shop: Shop, visitor: Callable[[Account | None], Visitor]) -> Iterator[Second]:
    """A listing of another seller who can be paid: put on sale by a row, withdrawn afterwards."""
    visitor(SECOND_SELLER).start_selling()
    database = Database(shop.stack.database_url, pool_size=1)
    with unit_of_work(database) as session:
        person = user_by_email(session, SECOND_SELLER.email)
        assert person is not None
        listing = Listing(
            seller_id=person.id,
            slug="moths",
            title=TITLE,
            description="Moths in lamplight, for a cart that needs a second seller.",
            tags=[],
            category_slug="posters",
            price_cents=499,
            currency="usd",
            state=ListingState.DRAFT,
        )
        session.add(listing)
        session.flush()
        publish_version(session, listing)
        listing_id = listing.id
    yield Second(listing_id, path_of(shop.stack, listing_id))
    with unit_of_work(database) as session:
        session.get_one(Listing, listing_id).state = ListingState.WITHDRAWN
    database.dispose()


def test_a_cart_of_two_sellers(
    shop: Shop, second: Second, new_context: Callable[..., BrowserContext]
) -> None:
    """Filled by a stranger, logged in, paid once, papers read, one line asked and given back."""
    page = new_context(base_url=shop.stack.site).new_page()
    _fill(page, shop, second)
    _log_in_from_the_cart(page)
    order_id = _pay(page)
    for title in (shop.title, TITLE):
        assert _open_the_library(page, title).count() == 1
    page.goto(f"/orders/{order_id}")
    _both_sellers_are_paid(shop.stack, order_id)
    _read_the_invoice(page, shop)
    _ask_for_money_back(page)
    _say_yes_at_the_desk(new_context(base_url=shop.stack.site).new_page())
    _read_the_credit_note(page, shop, order_id)


def _fill(page: Page, shop: Shop, second: Second) -> None:
    for path in (shop.path, second.path):
        page.goto(path)
        page.get_by_role("button", name="Add to cart").click()
        page.get_by_text("is in your cart").wait_for()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Cart").click()
    page.get_by_text("2 prompts from 2 sellers").wait_for()
    assert page.locator(".total").inner_text() == "$7.98"


def _log_in_from_the_cart(page: Page) -> None:
    page.get_by_role("link", name="Log in to pay").click()
    page.get_by_label("Email").fill(CART_BUYER.email)
    page.get_by_label("Password").fill(CART_BUYER.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Your cart").wait_for()
    page.get_by_text("2 prompts from 2 sellers").wait_for()


def _pay(page: Page) -> str:
    """Forget the box first, then tick it; returns the order's id."""
    page.get_by_text("Billing details for an invoice").click()
    page.get_by_label("Name or company").fill("Cora Ćwik")
    page.get_by_label("Country").select_option("PL")
    page.get_by_label("Street and number").fill("Długa 5")
    page.get_by_role("button", name="Pay $7.98").click()
    page.get_by_role("alert").get_by_text("Please tick this box").wait_for()
    assert page.get_by_label("Name or company").input_value() == "Cora Ćwik"
    assert not page.get_by_label("Deliver at once").is_checked()
    page.get_by_label("Deliver at once").check()
    page.get_by_role("button", name="Pay $7.98").click()
    page.get_by_role("heading", name="Pay Bracket").wait_for()
    assert "$7.98" in page.locator(".total").inner_text()
    pay_by_card(page)
    page.wait_for_url("**/orders/*")
    page.get_by_text("the prompts are yours").wait_for()
    assert page.locator("[data-line]").count() == 2
    return page.url.rpartition("/")[2]


def _both_sellers_are_paid(stack: RunningStack, order_id: str) -> None:
    def transferred() -> bool:
        rows = stack.sql("SELECT transfer_state FROM order_lines WHERE order_id = %s", order_id)
        return [row["transfer_state"] for row in rows] == ["done", "done"]

    eventually(transferred, "both sellers' transfers", 120)
    transfers = [
        transfer["amount"]
        for transfer in stack.stripe_state()["transfers"]
        if transfer["transfer_group"] == f"order_{order_id}"
    ]
    assert sorted(transfers) == [239, 399]


def _read_the_invoice(page: Page, shop: Shop) -> None:
    words = ("Invoice I-", "Cora Ćwik", "Długa 5", "Poland", shop.title, TITLE, "$7.98")
    page.get_by_role("link", name="Invoice I-").first.click()
    page.get_by_role("heading", name="Invoice I-").wait_for()
    _says(page.locator("main").inner_text(), words)
    _says(_pdf(page, shop, page.get_by_role("link", name="PDF")), words)
    page.go_back()


def _pdf(page: Page, shop: Shop, link: Locator) -> str:
    answer = page.context.request.get(f"{shop.stack.site}{link.get_attribute('href')}")
    assert answer.headers["content-type"] == "application/pdf"
    return PdfReader(io.BytesIO(answer.body())).pages[0].extract_text()


def _says(text: str, words: Iterable[str]) -> None:
    for word in words:
        assert word in text
    assert not any(word in text for word in HIDDEN_WORDS)


def _open_the_library(page: Page, title: str) -> Locator:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Library").click()
    page.get_by_role("heading", name="Your library").wait_for()
    return page.get_by_role("link", name=title)


def _ask_for_money_back(page: Page) -> None:
    page.get_by_role("link", name=f"Ask for a refund of {TITLE}").click()
    page.get_by_label("It is not what its page says").check()
    page.get_by_label("Tell us more").fill("There are no moths.")
    page.get_by_role("button", name="Send the request").click()
    page.get_by_text("We have your request").wait_for()
    page.get_by_text("There are no moths.").wait_for()
    assert page.get_by_role("link", name="Ask for a refund of").count() == 1


def _say_yes_at_the_desk(desk: Page) -> None:
    log_in(desk, MODERATOR)
    desk.goto("/desk/refunds")
    desk.get_by_role("link", name=TITLE).click()
    desk.get_by_text("There are no moths.").wait_for()
    desk.get_by_role("button", name="Refund $4.99").click()
    desk.get_by_text("The money is on its way back.").wait_for()


def _read_the_credit_note(page: Page, shop: Shop, order_id: str) -> None:
    def given_back() -> bool:
        page.goto(f"/orders/{order_id}")
        return page.get_by_role("link", name="PDF of credit note").count() == 1

    eventually(given_back, "the credit note", 120)
    page.get_by_text("Refund of $4.99: paid back.").wait_for()
    link = page.get_by_role("link", name="PDF of credit note")
    _says(_pdf(page, shop, link), ("Credit note C-", "Corrects", TITLE, "Given back", "$4.99"))
    assert _open_the_library(page, shop.title).count() == 1
    assert page.get_by_role("link", name=TITLE).count() == 0
