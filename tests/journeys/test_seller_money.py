"""A seller's money in a real browser: onboarding, a sale, the balance, a statement to take home."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.fixtures.stack import RunningStack, eventually
from tests.journeys.conftest import SELLER, Shop
from tests.journeys.offers import HIDDEN_WORDS, Account
from tests.journeys.steps import buy_now, log_in, pay_by_card, sign_up

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.timeout(600),
]

NEWCOMER, BUYER = Account("nora"), Account("petra")
MakeContext = Callable[..., BrowserContext]


def test_onboarding_until_stripe_has_all_it_needs(
    people: RunningStack, new_context: MakeContext
) -> None:
    """The document that Stripe asks for is named here, and the way back leads to it."""
    page = new_context(base_url=people.site).new_page()
    sign_up(page, people, NEWCOMER)
    page.goto("/sell/start")
    page.get_by_label("Shop name").fill("Nora's Nook")
    page.get_by_label("Handle").fill("noras-nook")
    page.get_by_label("I sell only prompts that I wrote").check()
    page.get_by_role("button", name="Become a seller").click()
    page.get_by_role("heading", name="Finish setting up payouts").wait_for()
    page.get_by_role("button", name="Continue to Stripe").click()
    page.get_by_label("Last 4 digits of the SSN").fill("1111")
    page.get_by_role("button", name="Activate test account").click()
    needs = page.locator("#needs")
    needs.get_by_text("A photo of your passport").wait_for()
    needs.get_by_text("Overdue").wait_for()

    page.get_by_role("button", name="Continue to Stripe").click()
    page.get_by_label("Last 4 digits of the SSN").fill("0000")
    page.get_by_role("button", name="Activate test account").click()
    page.get_by_role("heading", name="Payouts are set up").wait_for()
    page.get_by_role("button", name="Open your page at Stripe").click()
    page.get_by_role("heading", name="Nora's Nook").wait_for()
    page.goto("/sell/balance")
    assert page.locator("[data-figure=earned]").inner_text() == "$0.00"


def test_from_a_sale_to_a_statement(shop: Shop, new_context: MakeContext, tmp_path: Path) -> None:
    """The seller sees a sale's parts, where the money is, and takes the month home."""
    seller = new_context(base_url=shop.stack.site).new_page()
    log_in(seller, SELLER)
    before = _figures(seller)

    buyer = new_context(base_url=shop.stack.site).new_page()
    sign_up(buyer, shop.stack, BUYER)
    buyer.goto(shop.path)
    buy_now(buyer)
    pay_by_card(buyer)
    buyer.wait_for_url("**/library/**")

    def transferred() -> bool:
        after = _figures(seller)
        return after["available"] == before["available"] + 239

    eventually(transferred, "the share in the seller's balance", 120)
    assert _figures(seller)["earned"] == before["earned"] + 239
    seller.get_by_role("link", name="Sales").click()
    newest = seller.locator("#sales tbody tr").first
    words = newest.inner_text().split()
    assert [word for word in words if word.startswith("$")] == ["$2.99", "$0.60", "$2.39"]
    newest.get_by_role("link").click()
    seller.get_by_text("Share transferred").wait_for()
    seller.get_by_role("link", name="Payouts").click()
    seller.get_by_text("Can be paid out").wait_for()
    _download_statement(seller, shop, tmp_path)


def _figures(page: Page) -> dict[str, int]:
    """The sums of the balance page, in cents."""
    page.goto("/sell/balance")
    cells = page.locator("[data-figure]").all()
    return {
        str(cell.get_attribute("data-figure")): int(
            cell.inner_text().replace("$", "").replace(".", "")
        )
        for cell in cells
    }


def _download_statement(page: Page, shop: Shop, folder: Path) -> None:
    page.get_by_role("link", name="Statements").click()
    month = datetime.now(UTC)
    with page.expect_download() as download:
        page.get_by_role("link", name=f"CSV of {month:%B %Y}").click()
    sheet = folder / download.value.suggested_filename
    download.value.save_as(sheet)
    assert sheet.name == f"bracket-{month:%Y-%m}.csv"
    rows = list(csv.DictReader(sheet.read_text("utf-8-sig").splitlines()))
    sales = [row for row in rows if row["entry"] == "Sale"]
    assert {(row["prompt"], row["price"], row["amount"]) for row in sales} == {
        (shop.title, "2.99", "2.39")
    }
    with page.expect_download() as download:
        page.get_by_role("link", name=f"PDF of {month:%B %Y}").click()
    document = folder / download.value.suggested_filename
    download.value.save_as(document)
    assert document.read_bytes().startswith(b"%PDF-")
    for word in HIDDEN_WORDS:
        assert word not in sheet.read_text("utf-8-sig")
