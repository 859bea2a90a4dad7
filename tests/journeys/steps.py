"""Steps that people take in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.fixtures.stack import RunningStack
from tests.journeys.offers import Account

# Notes every state of the progress bar, in storage that outlives the page's reloads.
WATCH_PROGRESS = """
const note = () => {
  const detail = document.querySelector("[data-progress-detail]")?.textContent;
  const bar = document.querySelector("[data-progress-bar]");
  if (!bar || !detail) return;
  const seen = JSON.parse(sessionStorage.seen ?? "[]");
  const entry = `${Math.round(bar.value)} % ${detail}`;
  if (seen.at(-1) !== entry) sessionStorage.seen = JSON.stringify([...seen, entry]);
};
new MutationObserver(note).observe(document, {subtree: true, childList: true, attributes: true});
"""


def sign_up(page: Page, stack: RunningStack, account: Account) -> None:
    """Create an account and confirm it by the mailed link; ends logged in."""
    page.goto("/")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Your name on Bracket").fill(account.name.title())
    page.get_by_label("Email").fill(account.email)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/account/check-mail**")
    page.goto(stack.link_mailed_to(account.email, "/account/confirm/"))
    page.get_by_text("your address is confirmed").wait_for()


def log_in(page: Page, account: Account) -> None:
    """Log in with the form."""
    page.goto("/account/login")
    page.get_by_label("Email").fill(account.email)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Log in").click()
    page.locator(".nav__account summary").wait_for()


def buy_now(page: Page) -> None:
    """On a listing's page: agree to instant delivery and go to the hosted checkout."""
    page.get_by_label("Deliver at once").check()
    page.get_by_role("button", name="Buy now").click()
    page.get_by_role("heading", name="Pay Bracket").wait_for()


def pay_by_card(page: Page) -> None:
    """Fill in the hosted checkout page and press Pay."""
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on card").fill("A Buyer")
    page.locator("button.primary[name=pay][value=card]").click()
