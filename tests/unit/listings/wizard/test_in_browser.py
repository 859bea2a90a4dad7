"""The wizard in a real browser, by keyboard alone: left at every step, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from tests.factories.listings import picture_bytes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FOCUSED = (
    "document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.textContent ?? ''"
)
MOST_TABS = 120


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if re.match(name, " ".join(str(page.evaluate(FOCUSED)).split())):
            return
    raise AssertionError(f"no Tab leads to {name!r} on {page.url}")


def write(page: Page, name: str, text: str) -> None:
    """Go to a field and type over what is in it."""
    tab_to(page, name)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def press(page: Page, name: str) -> None:
    """Go to a link or button and press Enter."""
    tab_to(page, name)
    page.keyboard.press("Enter")


def left_and_resumed(page: Page, device: Callable[[], Page]) -> Page:
    """Leave once the page says that all is saved; go on from the list, on another device."""
    expect(page.locator("[data-wizard-status]")).to_have_text("Saved.")
    before = page.url.partition("?")[0].partition("#")[0]
    page.context.close()
    other = device()
    other.goto("/sell")
    press(other, "Continue")
    other.wait_for_url(re.compile(re.escape(before.rpartition("/sell/")[2])))
    return other


def choose_files(page: Page, name: str, paths: list[Path]) -> None:
    tab_to(page, name)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    with page.expect_navigation():
        chooser.value.set_files(paths)


def test_left_at_every_step_and_nothing_is_lost(
    device: Callable[[], Page], session: Session, services: Services, tmp_path: Path
) -> None:
    pictures = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(pictures):
        path.write_bytes(picture_bytes(number + 1))

    page = device()
    page.goto("/sell/begin")
    write(page, "Prompt", "a velvet [animal=fox] under the sky")
    page = left_and_resumed(page, device)
    expect(page.locator("#prompt")).to_have_value("a velvet [animal=fox] under the sky")
    choose_files(page, "Choose pictures", pictures)
    expect(page.locator(".wizard__pictures li")).to_have_count(3)
    press(page, "Save and go on")

    page.wait_for_url("**/steps/model")
    write(page, r"Steps \(", "12 or so")  # wrong, and kept all the same
    page = left_and_resumed(page, device)
    expect(page.locator("#steps")).to_have_value("12 or so")
    press(page, "Save and go on")
    expect(page.locator(".error-summary")).to_contain_text("whole number")
    write(page, r"Steps \(", "20")
    press(page, "Save and go on")

    page.wait_for_url("**/steps/prompt")
    press(page, r"\[animal\]")
    write(page, "Help", "One animal")
    page = left_and_resumed(page, device)
    expect(page.locator("#variable-1-help")).to_have_value("One animal")
    press(page, "Save and go on")

    page.wait_for_url("**/steps/describe")
    write(page, "Title", "Velvet animals")
    write(page, "Description", "Animals in velvet, whichever you like.")
    page = left_and_resumed(page, device)
    expect(page.locator("#title")).to_have_value("Velvet animals")
    tab_to(page, "Category")
    page.keyboard.press("ArrowDown")
    press(page, "Save and go on")

    page.wait_for_url("**/steps/samples")
    for number in range(3):
        write(page, f"Seed of sample {number + 1}", str(number + 40))
    page = left_and_resumed(page, device)
    expect(page.locator("#sample-3-seed")).to_have_value("42")
    press(page, "Save and go on")

    page.wait_for_url("**/steps/price")
    write(page, "Price$", "3.49")
    page = left_and_resumed(page, device)
    expect(page.locator("#price")).to_have_value("3.49")
    press(page, "Save and go on")

    page.wait_for_url("**/steps/check")
    expect(page.locator(".light--red")).to_have_count(0)
    press(page, "Submit for verification")
    page.wait_for_url("**/steps/submitted")
    expect(page.get_by_role("heading", level=1)).to_have_text("Submitted")

    listing = session.scalars(select(Listing)).one()
    version = version_of(session, listing)
    assert (listing.state, listing.price_cents) == (ListingState.VERIFYING, 349)
    assert services.vault.open(version.prompt_sealed) == (
        "a velvet [animal: text = fox; help=One animal] under the sky"
    )
    assert [sample.seed for sample in version.samples] == [40, 41, 42]


def test_two_tabs_disagree_and_their_person_decides(
    device: Callable[[], Page], session: Session
) -> None:
    one = device()
    one.goto("/sell/begin")
    write(one, "Prompt", "a fox")
    expect(one.locator("[data-wizard-status]")).to_have_text("Saved.")
    other = one.context.new_page()
    other.goto(one.url)
    write(one, "Prompt", "a fox in the snow")
    expect(one.locator("[data-wizard-status]")).to_have_text("Saved.")
    write(other, "Prompt", "a fox in the sun")
    expect(other.get_by_role("alert")).to_contain_text("a fox in the snow")
    press(other, "Keep what stands here")
    expect(other.locator("[data-wizard-status]")).to_have_text("Saved.")
    one.reload()
    expect(one.locator("#prompt")).to_have_value("a fox in the sun")
