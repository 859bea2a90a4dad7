"""Every main page, narrow and wide, light and dark: nothing hangs over, and all has a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.journeys.conftest import ADMIN, BUYERS, MODERATOR, SELLER, Shop
from tests.journeys.offers import DRAFT, Account
from tests.journeys.steps import log_in
from tests.journeys.visitor import Visitor, case_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.timeout(480),
]

READER = BUYERS[-1]
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1440, height=900)

INSPECT = Path(__file__).with_name("inspect.js").read_text()

# Colours change at once, so that none is judged on its way from one scheme to the other.
NO_TRANSITIONS = """
const still = new CSSStyleSheet();
still.replaceSync("*, *::before, *::after { transition: none !important }");
document.adoptedStyleSheets.push(still);
"""


@pytest.fixture(scope="module")
def pages(
    shop: Shop, visitor: Callable[[Account | None], Visitor]
) -> dict[str, tuple[Account | None, list[str]]]:
    """Addresses by the person who looks at them; the reader owns the shop's prompt."""
    reader = visitor(READER)
    back = reader.pay(reader.start_checkout(shop.listing_id))
    item = reader.get(back).url.removeprefix(shop.stack.site)
    order = re.findall(r'href="(/orders/\w{13})"', reader.get("/orders").text)[0]
    paper = re.findall(r'href="(/orders/papers/\w{13})"', reader.get(order).text)[0]
    asked = re.findall(r'href="(/orders/\w{13}/refund/\w{13})"', reader.get(order).text)[0]
    review = item.replace("/library/", "/reviews/write/")
    said = {"rating": "3", "text": "The colours hold.\n\nThe edges could be sharper."}
    reader.post(review, said)
    reader.post("/favourites", {"keep": shop.listing_id})
    reader.post(f"/s/{SELLER.name}-shop/follow")
    reader.post("/saved-searches", {"address": "q=paper"})
    reader.post(f"/collections/of/{shop.listing_id}", {"name": "Cold light"})
    draft = visitor(SELLER).write(DRAFT)
    bought = str(shop.stack.sql("SELECT id FROM orders ORDER BY paid_at LIMIT 1")[0]["id"])
    return {
        "stranger": (
            None,
            [
                *("/", "/browse", "/search?q=nothing-like-it", "/search/image", "/sell"),
                *(
                    "/no-such-page",
                    shop.path,
                    f"{shop.path}/proof",
                    f"{shop.path}/reviews",
                    f"/s/{SELLER.name}-shop",
                ),
                *("/account/login", "/account/register", "/account/forgot-password"),
                *("/cart", "/checkout/terms", "/c/wallpapers", "/c/album-art"),
                *("/m/house-fast", "/m/flux-1-schnell", "/how-proof-works", "/_/style"),
            ],
        ),
        "reader": (
            READER,
            [
                *(shop.path, f"{shop.path}/report", "/library", item, "/account/", "/sell/start"),
                *("/cart", "/orders", "/orders?all=1", order, paper, asked, review),
                *("/favourites", "/collections", "/following", "/saved-searches", "/search?q=fox"),
            ],
        ),
        "seller": (
            SELLER,
            [
                *("/sell", "/sell/new", f"/sell/{shop.listing_id}", f"/sell/{draft}"),
                *("/sell/balance", "/sell/sales", "/sell/payouts", "/sell/statements"),
                *("/sell/onboarding", "/sell/reviews", "/sell/discounts"),
                *("/sell/discounts/sale", "/sell/discounts/code", "/sell/discounts/bundle"),
                *("/sell/dashboard", "/sell/listings", "/sell/store"),
                *("/sell/bulk", f"/sell/{shop.listing_id}/touch-up"),
                f"/sell/{draft}/steps/prompt",
            ],
        ),
        "moderator": (
            MODERATOR,
            [
                "/moderate?tab=decided",
                f"/moderate/{case_of(shop.stack, shop.listing_id)}",
                *("/moderate/reviews", "/moderate?tab=reports"),
            ],
        ),
        "admin": (
            ADMIN,
            [
                *("/ledger", "/desk", "/desk/orders", f"/desk/orders/{bought}"),
                *(f"/desk/orders/{bought}/refund", "/desk/books/trial-balance", "/desk/webhooks"),
            ],
        ),
    }


@pytest.mark.parametrize("who", ["stranger", "reader", "seller", "moderator", "admin"])
def test_pages_hold_together_and_speak(
    who: str,
    pages: dict[str, tuple[Account | None, list[str]]],
    shop: Shop,
    new_context: Callable[..., BrowserContext],
) -> None:
    account, addresses = pages[who]
    page = new_context(base_url=shop.stack.site, viewport=PHONE).new_page()
    page.add_init_script(NO_TRANSITIONS)
    if account:
        log_in(page, account)
    found = {}
    for address in addresses:
        page.set_viewport_size(PHONE)
        page.goto(address)
        for scheme in ("light", "dark"):
            for size in (PHONE, DESK):
                problems = _inspect(page, scheme, size)
                if problems:
                    found[f"{address}, {scheme}, {size['width']} px"] = problems
    assert found == {}


def _inspect(page: Page, scheme: Any, size: ViewportSize) -> list[str]:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(size)
    return list(page.evaluate(INSPECT))
