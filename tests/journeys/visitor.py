"""A person's browser without pictures and scripts: follows forms over HTTP like one."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import requests

from tests.fixtures.stack import TIMEOUT, RunningStack, eventually
from tests.journeys.offers import Account, Offer

SELDOM = 0.5
"""Seconds: a page takes processor time that what is waited for needs."""
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
CARD = {
    "pay": "card",
    "number": "4242 4242 4242 4242",
    "exp": "12 / 34",
    "cvc": "123",
    "name": "A Buyer",
}


class Visitor:
    """One person at one stack; logged in after `log_in`."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.http = requests.Session()
        self.http.trust_env = False
        self.name = "stranger"

    def get(self, path: str, status: int = 200) -> requests.Response:
        """Open a page, following redirects; asserts the status it ends with."""
        address = path if path.startswith("http") else f"{self.stack.site}{path}"
        answer = self.http.get(address, timeout=TIMEOUT)
        assert answer.status_code == status, f"GET {path}: {answer.status_code}"
        return answer

    def post(
        self,
        path: str,
        form: dict[str, str] | None = None,
        status: int = 200,
        files: dict[str, Any] | None = None,
        follow: bool = True,
    ) -> requests.Response:
        """Send a form of the site, with its token; asserts the status it ends with."""
        token_page = "/account/login" if self.name == "stranger" else "/account/"
        found = TOKEN.search(self.get(token_page).text)
        assert found, f"{token_page} has no form with a token"
        answer = self.http.post(
            f"{self.stack.site}{path}",
            data={"csrf_token": found[1], **(form or {})},
            files=files,
            timeout=TIMEOUT,
            allow_redirects=follow,
        )
        assert answer.status_code == status, f"POST {path}: {answer.status_code} {_said(answer)}"
        return answer

    def log_in(self, account: Account) -> Visitor:
        """Log in with the form."""
        form = {"email": account.email, "password": account.password}
        page = self.post("/account/login", form).text
        assert account.email in page, f"{account.email} could not log in"
        self.name = account.name
        return self

    def start_selling(self) -> None:
        """Opt in, and press the emulator's one button of onboarding."""
        handle = f"{self.name}-shop"
        form = {"handle": handle, "display_name": self.name.title(), "terms": "y"}
        self.post("/sell/start", form)
        hosted = self.post("/sell/onboarding", follow=False, status=303).headers["Location"]
        back = self.http.post(hosted, data={"activate": "yes"}, timeout=TIMEOUT)
        assert "Payouts are set up" in back.text

    def write(self, offer: Offer) -> str:
        """Save the first page of a listing; returns the listing's id."""
        page = self.post("/sell/new", offer.form)
        assert "Now add the pictures" in page.text
        return page.url.rpartition("/sell/")[2].partition("#")[0]

    def offer(self, offer: Offer, pictures: list[Path]) -> str:
        """Write a listing, add its samples and submit it; returns its id."""
        listing_id = self.write(offer)
        form, files = {}, {}
        for number, (values, seed) in enumerate(offer.samples):
            form[f"new-{number}-seed"] = str(seed)
            form |= {f"new-{number}-value-{name}": value for name, value in values.items()}
            files[f"new-{number}-file"] = (pictures[number].name, pictures[number].read_bytes())
        page = self.post(f"/sell/{listing_id}/submit", form, files=files)
        assert "Submitted." in page.text
        return listing_id

    def wait_for_review(self, listing_id: str, within: float = 120) -> None:
        """Wait until the worker has handed one's listing to the moderators."""

        def handed_over() -> bool:
            progress = self.get(f"/sell/{listing_id}/progress.json").json()
            return bool(progress["listing_state"] == "in_review")

        eventually(handed_over, "the re-run of the samples", within, SELDOM)

    def approve(self, listing_id: str) -> None:
        """As a moderator: claim the listing's case and publish it."""
        case_id = case_of(self.stack, listing_id)
        self.post(f"/moderate/{case_id}/claim")
        answer = self.post(f"/moderate/{case_id}/approve", follow=False, status=302)
        assert answer.status_code == 302

    def start_checkout(self, listing_id: str) -> str:
        """Agree to instant delivery and press Buy now; returns the hosted page's address."""
        form = {"terms": "y"}
        answer = self.post(f"/checkout/start/{listing_id}", form, follow=False, status=303)
        return str(answer.headers["Location"])

    def pay(self, hosted: str) -> str:
        """Pay the hosted page by card; returns the address it leads back to, without going."""
        answer = self.http.post(hosted, data=CARD, timeout=TIMEOUT, allow_redirects=False)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def owns(self, title: str) -> bool:
        """Whether the library shows a prompt of this title."""
        return title in self.get("/library").text

    def wait_until_owned(self, title: str, within: float = 90) -> float:
        """Wait for a prompt in the library; returns the seconds it took."""
        began = time.monotonic()
        what = f"{title} in {self.name}'s library"
        eventually(lambda: self.owns(title), what, within, SELDOM)
        return time.monotonic() - began


def _said(answer: requests.Response) -> str:
    """What a page mainly says, for a failure's message."""
    main = answer.text.partition('id="content">')[2] or answer.text
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())[:500]


def case_of(stack: RunningStack, listing_id: str) -> str:
    """Id of the newest case of a listing."""
    rows = stack.sql(
        "SELECT id FROM moderation_cases WHERE listing_id = %s ORDER BY created_at DESC",
        listing_id,
    )
    return str(rows[0]["id"])


def path_of(stack: RunningStack, listing_id: str) -> str:
    """Public path of a listing."""
    [row] = stack.sql("SELECT slug FROM listings WHERE id = %s", listing_id)
    return f"/p/{row['slug']}-{listing_id}"
