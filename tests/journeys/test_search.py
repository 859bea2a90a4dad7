"""Searching in a real browser: suggestions by keyboard, filters, more results, pictures."""

from __future__ import annotations

import base64
import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Locator, Page, expect
from werkzeug.serving import make_server

from marketplace.core.container import Services
from marketplace.gateways.blobs import public_key
from marketplace.images.hashes import fingerprint
from marketplace.search import indexing
from tests.factories.search import Stock, put_on_sale
from tests.factories.search import photo as photo_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(480)]

CATEGORIES = ("wallpapers", "posters")
BOATS = 60
OURS = "ab" * 32

# A file in the browser's own hands, dropped or pasted as a person would.
HAND_OVER = """
([selector, kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "photo.jpg", {type: "image/jpeg"}));
  const options = {bubbles: true, cancelable: true};
  const event = kind === "drop"
    ? new DragEvent("drop", {...options, dataTransfer: transfer})
    : new ClipboardEvent("paste", {...options, clipboardData: transfer});
  document.querySelector(selector).dispatchEvent(event);
}
"""


@pytest.fixture
def photo(services: Services, tmp_path: Path) -> Path:
    """Somebody's copy of a picture that we made: smaller, and saved with more loss.

    The shop around it: sixty boats in two categories, and the fox whose picture it is.
    """
    original = photo_of(3)
    buffer = io.BytesIO()
    original.save(buffer, "JPEG", quality=92)
    for ending in ("jpg", "webp"):
        services.blobs.put(public_key(f"{OURS}.{ending}"), buffer.getvalue(), "image/jpeg")
    prints = [(fingerprint(original), OURS)]
    stock = [
        Stock(f"Boat number {n}", ("sea",), category=CATEGORIES[n % 2], days=40 + n)
        for n in range(BOATS)
    ]
    put_on_sale(services, *stock, Stock("Red fox in snow", reproduced=True, prints=prints))
    indexing.update(services)
    copy = tmp_path / "photo.jpg"
    original.resize((140, 140)).save(copy, "JPEG", quality=70)
    return copy


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The application behind a real port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(site: str, photo: Path, new_context: Callable[..., BrowserContext]) -> Page:
    """A visitor's page at a desk."""
    return new_context(base_url=site, viewport={"width": 1440, "height": 900}).new_page()


def test_searching_with_words_keys_filters_and_pictures(page: Page, photo: Path) -> None:
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    _suggestions(page)
    _filters(page)
    _pictures(page, photo)
    assert broken == []


def _suggestions(page: Page) -> None:
    """Typed, walked through with arrow keys, closed with Escape, followed with Enter."""
    page.goto("/")
    box = page.get_by_role("combobox", name="Search prompts")
    box.press_sequentially("red fo")
    listed = page.get_by_role("option")
    expect(listed).to_have_text(["Red fox in snow"])
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(listed.first).to_have_attribute("aria-selected", "true")
    marked = listed.first.get_attribute("id")
    expect(box).to_have_attribute("aria-activedescendant", str(marked))
    box.press("ArrowDown")  # behind the last lies the box itself
    expect(box).not_to_have_attribute("aria-activedescendant", str(marked))
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("red fo")
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url(re.compile(r"/p/red-fox-in-snow-\w+"))


def _status(page: Page, text: str) -> Locator:
    """What is read out of how many there are; the filters say the same of each value."""
    return page.get_by_role("status").filter(has_text=re.compile(rf"^{text}$"))


def _filters(page: Page) -> None:
    """Chosen with the space bar, kept in the address, taken away by chip and by the back button."""
    page.goto("/")
    box = page.get_by_role("combobox", name="Search prompts")
    box.fill("boat")
    box.press("Enter")
    expect(_status(page, f"{BOATS} prompts")).to_be_visible()
    posters = page.get_by_role("checkbox", name=re.compile("Posters"))
    posters.focus()
    page.keyboard.press("Space")
    page.wait_for_url("**category=posters**")
    expect(_status(page, f"{BOATS // 2} prompts")).to_be_visible()
    page.get_by_role("link", name=re.compile("Remove the filter.*Posters")).click()
    expect(_status(page, f"{BOATS} prompts")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("checkbox", name=re.compile("Posters"))).to_be_checked()
    page.goto("/browse?sort=newest")
    cards = page.locator("[data-results] > li")
    expect(cards).to_have_count(24)
    page.get_by_role("link", name="Show more").focus()
    page.keyboard.press("Enter")
    # Whoever asked stands among the new ones; the last page takes the button away.
    expect(page.locator("[data-results] > li:nth-child(n+25) a:focus")).to_have_count(1)
    page.keyboard.press("End")
    expect(cards).to_have_count(BOATS + 1)
    titles = cards.locator(".card__title").all_text_contents()
    assert len(set(titles)) == BOATS + 1
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)


def _pictures(page: Page, photo: Path) -> None:
    """Chosen as a file, dropped on the box, pasted into it: all lead to the same listing."""
    data = base64.b64encode(photo.read_bytes()).decode()
    page.goto("/")
    page.get_by_role("link", name="Search with a picture").click()
    page.get_by_label("Picture", exact=True).set_input_files(photo)
    page.get_by_role("button", name="Find prompts").click()
    _the_fox_comes_first(page)
    for kind, place in (("drop", "form.search"), ("paste", "#site-search")):
        page.goto("/browse")
        page.evaluate(HAND_OVER, [place, kind, data])
        _the_fox_comes_first(page)
    page.goto("/browse")
    page.evaluate(HAND_OVER, ["form.search", "drop", base64.b64encode(b"no picture").decode()])
    expect(page.locator("form.search [role=alert]")).to_be_visible()


def _the_fox_comes_first(page: Page) -> None:
    page.wait_for_url("**/search?look=**")
    first = page.locator("[data-results] > li").first
    expect(first).to_contain_text("Red fox in snow")
    expect(first).to_contain_text("The same picture")


def test_without_scripts_everything_is_a_link_or_a_form(
    site: str, photo: Path, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(base_url=site, java_script_enabled=False).new_page()
    page.goto("/browse?sort=newest")
    page.get_by_role("checkbox", name=re.compile("Posters")).check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("[data-results] > li")).to_have_count(24)
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("[data-results] > li")).to_have_count(BOATS // 2 - 24)
    page.get_by_role("link", name="Search with a picture").click()
    page.get_by_label("Picture", exact=True).set_input_files(photo)
    page.get_by_role("button", name="Find prompts").click()
    _the_fox_comes_first(page)
