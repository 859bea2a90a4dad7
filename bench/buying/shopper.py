"""A buyer's browser for benches: follows the site's own forms over HTTP and keeps the time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urljoin

import requests

from bench.buying.market import PASSWORD, TIMEOUT, Market, Ware

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
SEEN = re.compile(r'name="seen" value="([^"]*)"')
WALLET = {"pay": "google_pay"}


class UnexpectedPageError(RuntimeError):
    """A page answered in another way than a buyer could go on from."""


@dataclass
class Purchase:
    """How long the site took, in seconds; the emulator's own pages are not in it."""

    start: float = 0.0
    """From pressing Pay to the address of the hosted page."""
    back: float = 0.0
    """From coming back to what was bought."""


class Shopper:
    """One logged-in person. Presses every button twice at once, as impatient people do."""

    def __init__(self, market: Market, email: str, double: bool = True) -> None:
        self.market, self.times = market, 2 if double else 1
        self.http = _session()
        page = self._get("/account/login")
        form = {"csrf_token": _token(page), "email": email, "password": PASSWORD}
        answer = self.http.post(f"{market.site}/account/login", data=form, timeout=TIMEOUT)
        if email not in answer.text:
            raise UnexpectedPageError(f"{email} could not log in ({answer.status_code})")

    def buy_now(self, ware: Ware) -> Purchase:
        """From a listing's page through the hosted page into the library."""
        self._get(ware.path)
        page = self._get(f"/checkout/start/{ware.id}")
        done = self._pay_for(f"/checkout/start/{ware.id}", page)
        if "/library/" not in done[1].url:
            raise UnexpectedPageError(f"the return page leads to {done[1].url}")
        return done[0]

    def buy_cart(self, wares: list[Ware]) -> Purchase:
        """Several listings, of several sellers, in one payment."""
        for ware in wares:
            token = {"csrf_token": _token(self._get(ware.path))}
            added = self.http.post(
                f"{self.market.site}/cart/add/{ware.id}", data=token, timeout=TIMEOUT
            )
            added.raise_for_status()
        done = self._pay_for("/cart/checkout", self._get("/cart"))
        self._get("/library")
        return done[0]

    def _pay_for(self, action: str, page: str) -> tuple[Purchase, requests.Response]:
        seen = SEEN.search(page)
        if seen is None:
            raise UnexpectedPageError(f"{action}: the page has no form to pay")
        form = {"csrf_token": _token(page), "seen": seen[1], "terms": "y"}
        purchase = Purchase()
        began = time.perf_counter()
        places = {answer.headers.get("Location", "") for answer in self._press(action, form)}
        purchase.start = time.perf_counter() - began
        if len(places) != 1 or "/c/pay/" not in (hosted := places.pop()):
            raise UnexpectedPageError(f"{action}: two presses lead to {places}")
        self.http.get(hosted, timeout=TIMEOUT).raise_for_status()
        paid = [answer.headers.get("Location") for answer in self._press(hosted, WALLET)]
        back = next((place for place in paid if place), None)
        if back is None:
            raise UnexpectedPageError("the hosted page took no payment")
        began = time.perf_counter()
        arrived = self._both(lambda http: http.get(back, timeout=TIMEOUT))
        purchase.back = time.perf_counter() - began
        for answer in arrived:
            answer.raise_for_status()
        return purchase, arrived[0]

    def _press(self, action: str, form: dict[str, str]) -> list[requests.Response]:
        """Send a form, twice at the same moment where this buyer is impatient."""
        url = urljoin(self.market.site, action)
        return self._both(
            lambda http: http.post(url, data=form, timeout=TIMEOUT, allow_redirects=False)
        )

    def _both(
        self, call: Callable[[requests.Session], requests.Response]
    ) -> list[requests.Response]:
        if self.times == 1:
            return [call(self.http)]
        others = [self.http]
        for _ in range(self.times - 1):
            copy = _session()
            copy.cookies.update(self.http.cookies)
            others.append(copy)
        with ThreadPoolExecutor(len(others)) as pool:
            return list(pool.map(call, others))

    def _get(self, path: str) -> str:
        answer = self.http.get(f"{self.market.site}{path}", timeout=TIMEOUT)
        if answer.status_code != 200:
            raise UnexpectedPageError(f"GET {path}: {answer.status_code}")
        return answer.text


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so many of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 100) * len(ordered) // 100) - 1))]


def _session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False  # a proxy has no business with loopback addresses
    return made


def _token(page: str) -> str:
    found = TOKEN.search(page)
    if found is None:
        raise UnexpectedPageError("a page without a form's token")
    return found[1]
