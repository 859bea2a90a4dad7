"""What axe and a walk by keyboard find on the pages of a running demo shop.

    python -m bench.access [--site http://127.0.0.1:8000] [--most 60] [--tools var/lighthouse]

As a stranger, buyer, seller and moderator: one page of each kind, narrow and wide, light and dark,
loaded anew every time, as people meet it; each is walked through with the Tab key at both widths.
Wants a shop with its demo (`make up`), Chromium, and Node's npm, which installs axe-core once.
Last line: one JSON object; the goal is that nothing is found.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.access.crawl import ROLES, STRANGER, log_in, pages_of
from bench.access.keyboard import walk
from bench.lighthouse import install

RULES = {"values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
HEIGHT = 900
LOOKS = (("light", 390), ("light", 1440), ("dark", 390), ("dark", 1440))


def violations(page: Page, source: str) -> list[str]:
    """What axe finds on the page, a line for each rule.

    The window is as high as the page meanwhile: a bar that sticks to its edge covers for axe what
    anybody could scroll free. That focus is never covered the walk by keyboard shows.
    """
    size = page.viewport_size or {"width": LOOKS[0][1], "height": HEIGHT}
    whole = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(whole, HEIGHT)})
    page.evaluate(source)
    told = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    page.set_viewport_size(size)
    return [
        f"{one['id']} at {'; '.join(_said(node) for node in one['nodes'][:3])}"
        for one in told["violations"]
    ]


def _said(node: dict[str, Any]) -> str:
    """Which element, and of a contrast its colours."""
    data = next((check["data"] for check in node["any"] if check.get("data")), None)
    colours = ""
    if isinstance(data, dict) and "contrastRatio" in data:
        colours = f" ({data['fgColor']} on {data['bgColor']}: {data['contrastRatio']})"
    return f"{node['target'][0]}{colours}"


def look_at(context: BrowserContext, address: str, source: str, found: Counter[str]) -> None:
    """Look at one page in all four ways; what is found is printed and counted."""
    for scheme, width in LOOKS:
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.goto(address)
        told = {"axe": violations(page, source)}
        if scheme == "light":
            told["keyboard"], stops = walk(page)
            found["stops"] += stops
        for kind, lines in told.items():
            found[kind] += len(lines)
            for line in lines:
                print(f"{address}, {scheme}, {width} px: {kind}: {line}", flush=True)
        page.close()


def look_at_all(
    browser: Browser, site: str, source: str, most: int, accounts: Sequence[str]
) -> Counter[str]:
    """Numbers of pages, stops, and of what was found."""
    found: Counter[str] = Counter(pages=0, stops=0, axe=0, keyboard=0)
    for account in accounts:
        context = browser.new_context(base_url=site, reduced_motion="reduce")
        if account is not STRANGER:
            log_in(context, account)
        print(f"as {account or 'a stranger'}", flush=True)
        for address in pages_of(context, account, most):
            found["pages"] += 1
            look_at(context, address, source, found)
        context.close()
    return found


def main() -> None:
    """Look at all pages, say what is found, and end with one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument("--most", type=int, default=60, help="kinds of pages of each role")
    parser.add_argument("--roles", default=",".join(ROLES), help="only these, to look into one")
    parser.add_argument("--tools", type=Path, default=Path("var/lighthouse"))
    parser.add_argument("--chrome", default=os.environ.get("CHROME_PATH", "/usr/bin/chromium"))
    given = parser.parse_args()
    install(given.tools)
    source = (given.tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chrome, args=["--no-sandbox"])
        accounts = [ROLES[role] for role in given.roles.split(",")]
        found = look_at_all(browser, given.site, source, given.most, accounts)
        browser.close()
    print(json.dumps(dict(found)))


if __name__ == "__main__":
    main()
