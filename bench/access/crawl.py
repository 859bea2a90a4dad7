"""One page of each kind that a role can reach by the site's own links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

from playwright.sync_api import BrowserContext, Error

from demo.people import ADMIN, BUYER, DEMO_PASSWORD, SELLER

STRANGER = ""
STARTS = {
    STRANGER: ["/", "/browse", "/browse?model=none-such", "/search?q=fox", "/search?q=zzzzqqq",
               "/search/image", "/no-such-page", "/_/style"],
    BUYER: ["/account/", "/library", "/cart", "/orders", "/favourites", "/following",
            "/saved-searches", "/browse"],
    SELLER: ["/sell", "/sell/insights", "/sell/discounts", "/sell/reviews", "/sell/decisions"],
    ADMIN: ["/moderate", "/moderate/rules", "/moderate/team", "/moderate/appeals", "/desk"],
}  # fmt: skip
"""By account: where its pages begin."""
ROLES = {"stranger": STRANGER, "buyer": BUYER, "seller": SELLER, "moderator": ADMIN}
"""Accounts by what their people do here; the demo's administrator sees both desks."""
OWN: dict[str, tuple[str, ...]] = {
    STRANGER: ("/",),
    BUYER: ("/",),
    SELLER: ("/sell",),
    ADMIN: ("/moderate", "/desk"),
}
"""Which links are followed in whose name."""
_PASSED_BY = re.compile(
    r"^/(media|static|account/logout)|\.(csv|json|xml|zip|jpg|pdf|png|webp)$|/(download|export)"
)


def kind_of(address: str) -> str:
    """What addresses of the same kind of page have in common: /p/fox-1?page=2 is of "/p/*?page".

    Ids and names give way to a star; of the query only its first argument's name is left.
    """
    parts = urlsplit(address)
    segments = parts.path.strip("/").split("/")
    named = [
        "*" if any(sign.isdigit() for sign in one) or len(before) == 1 else one
        for before, one in zip(["", *segments], segments, strict=False)
    ]
    arguments = sorted({name for name, _ in parse_qsl(parts.query)})[:1]
    return "/" + "/".join(named) + "".join(f"?{name}" for name in arguments)


def pages_of(context: BrowserContext, account: str, most: int) -> Iterator[str]:
    """Addresses of one page of each kind, as far as links lead there; ``most`` at most."""
    waiting, known = list(STARTS[account]), set[str]()
    page = context.new_page()
    given = 0
    while waiting and given < most:
        address = waiting.pop(0)
        # Starting points are chosen ones, even where two are of a kind.
        kind = address if address in STARTS[account] else kind_of(address)
        if kind in known:
            continue
        known |= {kind, kind_of(address)}
        try:
            answer = page.goto(address)
        except Error as error:
            if "Download is starting" not in error.message:
                raise
            continue
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
        waiting += list(_inner(links, page.url, account))
        given += 1
        yield address
    page.close()


def _inner(links: list[str], base: str, account: str) -> Iterator[str]:
    for link in links:
        parts = urlsplit(urljoin(base, link))
        if parts.netloc != urlsplit(base).netloc or _PASSED_BY.search(parts.path):
            continue
        if parts.path.startswith(OWN[account]):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def log_in(context: BrowserContext, account: str) -> None:
    """As the demo's person. Raises SystemExit for a shop without the demo."""
    page = context.new_page()
    page.goto("/account/login")
    page.fill("input[name=email]", account)
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()
    if "/account/login" in page.url:
        raise SystemExit(f"{account} cannot log in: start the shop with its demo.")
    page.close()
