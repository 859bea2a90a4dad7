"""How the storefront fares with Lighthouse (mobile preset).

    python -m bench.lighthouse [--site http://127.0.0.1:8000] [--runs 1] [--tools var/lighthouse]

Wants a running shop with something on sale (`make up`), Chromium, and Node's npm, which installs
Lighthouse and axe-core into the tools' folder once. Exits without a figure where npm is missing.
Last line: one JSON object; the goal is 95 for each of Lighthouse's four figures.
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

LIGHTHOUSE = "lighthouse@12.8.2"
FIGURES = ("performance", "accessibility", "best-practices", "seo")
GOAL = 95
CHROME_FLAGS = "--headless=new --no-sandbox --disable-gpu"


def addresses(site: str) -> dict[str, str]:
    """The pages to look at, by name; the newest listing stands for all."""
    browse = _text(f"{site}/browse")
    listing = _first(r'href="(/p/[^"/]+)"', browse)
    return {
        "home": "/",
        "browse": "/browse",
        "listing": listing,
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
    figures = {}
    for name, path in pages.items():
        figures[name] = lighthouse(given.tools, given.chrome, given.site + path, given.runs)
        print(name, figures[name], flush=True)
    result = {
        "lighthouse": figures,
        "lowest": min(min(page.values()) for page in figures.values()),
        "goal": GOAL,
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
