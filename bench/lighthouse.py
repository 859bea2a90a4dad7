"""How the storefront fares with Lighthouse (mobile preset) and with axe, in both themes.

    python -m bench.lighthouse [--site http://127.0.0.1:8000] [--runs 1] [--tools var/lighthouse]

Wants a running shop with something on sale (`make up`), Chromium, and Node's npm, which installs
Lighthouse and axe-core into the tools' folder once. Exits without a figure where npm is missing.
Last line: one JSON object; the goal is 95 for each of Lighthouse's four figures and no violation.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

LIGHTHOUSE = "lighthouse@12.8.2"
FIGURES = ("performance", "accessibility", "best-practices", "seo")
GOAL = 95
CHROME_FLAGS = "--headless=new --no-sandbox --disable-gpu"
WIDTHS = (390, 1440)
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))"
"""The colours of the other scheme are painted."""
RULES = {"values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def addresses(site: str) -> dict[str, str]:
    """The pages to look at, by name; the newest listing stands for all."""
    browse = _text(f"{site}/browse")
    listing = _first(r'href="(/p/[^"/]+)"', browse)
    page = _text(site + listing)
    return {
        "home": "/",
        "browse": "/browse",
        "listing": listing,
        "proof": f"{listing}/proof",
        "seller": _first(r'href="(/s/[^"]+)"', page),
        "category": _first(r'href="(/c/[^"]+)"', page),
        "model": _first(r'href="(/m/[^"]+)"', page),
        "how": "/how-proof-works",
        "style": "/_/style",
        "missing": "/no-such-page",
    }


def lighthouse(tools: Path, chrome: str, address: str, runs: int) -> dict[str, int]:
    """The median of each figure, in percent, over some runs of the mobile preset."""
    found: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.json")
            command = [str(tools / "node_modules" / ".bin" / "lighthouse"), address]
            command += ["--quiet", "--output=json", f"--output-path={report}"]
            command += [f"--only-categories={','.join(FIGURES)}", f"--chrome-flags={CHROME_FLAGS}"]
            subprocess.run(command, check=True, env=os.environ | {"CHROME_PATH": chrome})
            told = json.loads(report.read_text())
        for name in FIGURES:
            found[name].append(100 * told["categories"][name]["score"])
        _say_why(told)
    return {name: round(median(values)) for name, values in found.items()}


def axe(tools: Path, chrome: str, site: str, pages: dict[str, str]) -> list[str]:
    """Every violation on every page, narrow and wide, light and dark."""
    source = (tools / "node_modules" / "axe-core" / "axe.min.js").read_text()
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chrome, args=["--no-sandbox"])
        for name, path in pages.items():
            page = browser.new_page(base_url=site, reduced_motion="reduce")
            page.goto(path)
            page.evaluate(source)
            for scheme in ("light", "dark"):
                for width in WIDTHS:
                    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                    page.set_viewport_size({"width": width, "height": 900})
                    page.evaluate(SETTLED)
                    told = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
                    found += [_said(name, scheme, width, one) for one in told["violations"]]
            page.close()
        browser.close()
    return found


def _said(name: str, scheme: str, width: int, violation: dict[str, Any]) -> str:
    where = ", ".join(str(node["target"][0]) for node in violation["nodes"][:3])
    return f"{name}, {scheme}, {width} px: {violation['id']} at {where}"


def _say_why(told: dict[str, Any]) -> None:
    """What kept the page from a full score."""
    for name in FIGURES:
        for part in told["categories"][name]["auditRefs"]:
            audit = told["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                print(f"  {name}: {audit['title']} {audit.get('displayValue', '')}")


def _text(address: str) -> str:
    with urlopen(address) as answer:
        return str(answer.read().decode())


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit("The shop has nothing on sale: start it with its demo, and wait a little.")
    return found[1]


def install(tools: Path) -> None:
    """Put Lighthouse and axe-core into the folder, unless they are there."""
    if (tools / "node_modules" / ".bin" / "lighthouse").exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is missing: install Node to run Lighthouse.")
    tools.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(tools), "--no-audit", "--no-fund", LIGHTHOUSE]
    subprocess.run(command, check=True, stdout=sys.stderr)


def main() -> None:
    """Look at all pages, say what is found, and end with one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--tools", type=Path, default=Path("var/lighthouse"))
    parser.add_argument("--chrome", default=os.environ.get("CHROME_PATH", "/usr/bin/chromium"))
    given = parser.parse_args()
    install(given.tools)
    started = time.monotonic()
    pages = addresses(given.site)
    violations = axe(given.tools, given.chrome, given.site, pages)
    print("\n".join(violations) or f"axe: no violation on {len(pages)} pages")
    figures = {}
    for name in ("home", "browse", "listing"):
        figures[name] = lighthouse(given.tools, given.chrome, given.site + pages[name], given.runs)
        print(name, figures[name], flush=True)
    result = {
        "lighthouse": figures,
        "lowest": min(min(page.values()) for page in figures.values()),
        "goal": GOAL,
        "axe_violations": len(violations),
        "axe_pages": len(pages),
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
