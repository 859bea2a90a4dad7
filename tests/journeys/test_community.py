"""A heart and a review, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import BUYERS, Shop
from tests.journeys.offers import Account
from tests.journeys.steps import log_in
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.timeout(300)]

READER = BUYERS[-2]
OPINION = "Sharp at every size; the colours hold."


def press(page: Page, name: str, role: str = "button", key: str = "Enter") -> None:
    """Reach a control as a keyboard does, and press it."""
    control = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    control.focus()
    expect(control).to_be_focused()
    page.keyboard.press(key)


def test_a_heart_and_a_review_by_keyboard(
    shop: Shop,
    visitor: Callable[[Account | None], Visitor],
    new_context: Callable[..., BrowserContext],
) -> None:
    buyer = visitor(READER)
    buyer.pay(buyer.start_checkout(shop.listing_id))
    buyer.wait_until_owned(shop.title)

    # Saved while signed out: after logging in it is there.
    page = new_context(base_url=shop.stack.site, reduced_motion="reduce").new_page()
    page.goto("/browse")
    press(page, f"Save {shop.title}", role="link")
    page.get_by_label("Email").fill(READER.email)
    page.get_by_label("Password").fill(READER.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/browse")
    heart = page.get_by_role("button", name=f"Save {shop.title}")
    expect(heart).to_have_attribute("aria-pressed", "true")
    for state in ("false", "true"):  # without leaving the page
        heart.focus()
        page.keyboard.press("Space")
        expect(heart).to_have_attribute("aria-pressed", state)
    expect(page.locator("#favourites-status")).to_have_text("Saved to your favourites")
    page.goto("/favourites")
    expect(page.get_by_role("link", name=shop.title, exact=True)).to_be_visible()

    page.goto(shop.path)
    press(page, "Write a review", role="link")
    page.get_by_label("2 stars: Poor").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")  # radio buttons: the next better one
    expect(page.get_by_label("3 stars: All right")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type(OPINION)
    press(page, "Publish")
    page.wait_for_url("**#reviews")
    review = page.locator(".review", has_text=OPINION)
    expect(review.get_by_role("img", name="3 of 5 stars")).to_be_visible()
    expect(page.locator(".reviews__mean")).to_contain_text("3.0")


def test_without_scripts_the_heart_is_a_form(
    shop: Shop, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context(base_url=shop.stack.site, java_script_enabled=False)
    page = context.new_page()
    log_in(page, BUYERS[-3])
    page.goto("/browse")
    heart = page.get_by_role("button", name=f"Save {shop.title}")
    heart.click()
    page.wait_for_url("**/browse")
    expect(heart).to_have_attribute("aria-pressed", "true")
