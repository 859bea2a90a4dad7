"""The gallery and the proof slider with keys and chips, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import Shop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.timeout(300),
]


def test_a_visitor_looks_around_a_listing_by_keyboard(
    shop: Shop, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(base_url=shop.stack.site, reduced_motion="reduce").new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(shop.path)
    current = page.locator('[data-thumb][aria-current="true"]')
    expect(current).to_have_attribute("data-thumb", "1")
    page.locator(".gallery__stage").focus()
    page.keyboard.press("ArrowRight")
    expect(current).to_have_attribute("data-thumb", "2")
    page.keyboard.press("ArrowLeft")
    expect(current).to_have_attribute("data-thumb", "1")

    # A chip with a picture turns the gallery to it, and fills the blank of the skeleton.
    chip = page.locator("a.choice").last
    value, frame = chip.get_attribute("data-value"), chip.get_attribute("href")
    assert value is not None
    assert frame is not None
    chip.focus()
    page.keyboard.press("Enter")
    expect(current).to_have_attribute("data-thumb", frame.removeprefix("#picture-"))
    expect(page.locator(".skeleton")).to_contain_text(value)
    expect(page.locator("[data-gallery-status]")).to_contain_text(value)

    _zoom(page)
    page.get_by_label("Compare").check()
    # The sequential test may have left some samples out: those have nothing to compare.
    compared = page.locator(".gallery__frame:has(input[type=range])").first
    number = str(compared.get_attribute("id")).removeprefix("picture-")
    page.locator(f'[data-thumb="{number}"]').click()
    divider = compared.get_by_role("slider")
    divider.focus()
    page.keyboard.press("ArrowRight")
    expect(divider).to_have_value("51")
    expect(current).to_have_attribute("data-thumb", number)  # the key moved the divider alone
    assert broken == []


def _zoom(page: Page) -> None:
    page.locator(".gallery__frame:not([inert]) [data-zoom]:visible").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_without_scripts_chips_and_thumbnails_are_links(
    shop: Shop, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context(base_url=shop.stack.site, java_script_enabled=False)
    page = context.new_page()
    page.goto(shop.path)
    page.locator("[data-thumb]").nth(1).click()
    expect(page.locator("#picture-2")).to_be_in_viewport()
    page.get_by_role("radio", name="The seller’s").check()
    expect(page.locator("#picture-2 .gallery__sellers")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/how-proof-works")
    header = page.locator(".header").bounding_box()
    assert header is not None
    assert header["height"] < 130  # two rows
    page.locator(".nav__menu summary").press("Enter")
    expect(page.get_by_role("link", name="Sign up")).to_be_visible()
    expect(page.locator(".compare img")).to_have_count(2)
