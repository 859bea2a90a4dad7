"""The page of a table that is being taken in keeps up by itself, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from marketplace.core.container import Services
from tests.unit.listings.bulk.conftest import Upload
from workers.bulk import work_on

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ONE_ROW = 0.000_1
"""Seconds of a turn: the row that is begun in them is finished, and no other is begun."""


def test_rows_appear_while_one_looks_and_the_focus_stays(
    device: Callable[..., Page], services: Services, upload: Upload
) -> None:
    made = upload(rows=3)
    page = device()
    page.goto(f"/sell/bulk/{made}")
    page.evaluate("window.opened = true")
    stop = page.get_by_role("button", name="Stop here")
    stop.focus()
    rows = page.locator("[data-row]")
    for number in (1, 2):
        assert work_on(services, made, turn=ONE_ROW) is True
        expect(rows).to_have_count(number)
        expect(page.get_by_text(f"{number} of 3 rows are done")).to_be_visible()
    expect(stop).to_be_focused()
    assert page.evaluate("window.opened") is True
    assert work_on(services, made) is False
    expect(page.get_by_text("3 of 3 rows became drafts")).to_be_visible(timeout=15_000)
    expect(rows).to_have_count(3)


def test_without_scripts_the_page_loads_itself_anew(
    device: Callable[..., Page], services: Services, upload: Upload
) -> None:
    made = upload(rows=1)
    page = device(java_script_enabled=False)
    page.goto(f"/sell/bulk/{made}")
    expect(page.get_by_text("it begins in a moment")).to_be_visible()
    assert work_on(services, made) is False
    expect(page.get_by_text("1 of 1 rows became drafts")).to_be_visible(timeout=15_000)
