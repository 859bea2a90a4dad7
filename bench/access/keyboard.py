"""A walk through a page with the Tab key, as somebody without a mouse takes it.

What is asked of it is WCAG 2.2's: nothing holds the focus (2.1.2), it can be seen (2.4.7), nothing
covers the whole of what has it (2.4.11), and it goes on down the page's own order (2.4.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

MOST = 400
"""Steps after which a page is given up: it holds the focus, or it is longer than anyone walks."""
HERE = """() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const label = at.labels && at.labels[0];
  const drawn = (one) => {
    const look = getComputedStyle(one);
    return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0;
  };
  // Drawn around the thing itself, its label (a hidden box), or what it stands in (a card).
  const around = [label].filter(Boolean);
  for (let one = at; one && one !== document.body; one = one.parentElement) around.push(one);
  const seen = around.some((one) => drawn(one)) || style.boxShadow !== "none";
  const inside = (x, y) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  const spots = [];
  for (const across of [0.1, 0.5, 0.9]) for (const down of [0.1, 0.5, 0.9])
    spots.push([box.left + box.width * across, box.top + box.height * down]);
  const free = spots.some(([x, y]) => {
    if (!inside(x, y)) return false;
    const hit = document.elementFromPoint(x, y);
    return hit && (at.contains(hit) || hit.contains(at) || (label && label.contains(hit)));
  });
  const path = [];
  for (let one = at; one && one !== document.body; one = one.parentElement)
    path.unshift(Array.prototype.indexOf.call(one.parentElement.children, one));
  const name = (at.getAttribute("aria-label") || at.textContent || at.name || "").trim();
  return {
    tag: at.tagName.toLowerCase(), name: name.slice(0, 40), path: path.join("."), seen, free,
    size: [Math.round(box.width), Math.round(box.height)], hidden: style.visibility === "hidden",
    parts: ["IFRAME", "VIDEO"].includes(at.tagName) || /date|time|month|week/.test(at.type || ""),
  };
}"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def walk(page: Page, most: int = MOST) -> tuple[list[str], int]:
    """What stands in a walker's way on the page, and how many stops it has."""
    page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    found: list[str] = []
    seen: list[dict[str, Any]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        page.evaluate(SETTLED)
        at = page.evaluate(HERE)
        if at is None:
            return found, len(seen)
        if seen and at["path"] == seen[-1]["path"]:
            if at["parts"]:
                continue  # the browser's own: a date has a stop for each of its numbers
            found.append(f"holds the focus: {_named(at)}")
            return found, len(seen)
        found += _wrong(at)
        seen.append(at)
    return [*found, f"no end after {most} stops"], len(seen)


def _wrong(at: dict[str, Any]) -> Iterator[str]:
    if not at["seen"]:
        yield f"focus cannot be seen: {_named(at)}"
    if at["hidden"] or min(at["size"]) < 1:
        yield f"focus on something hidden: {_named(at)}"
    elif not at["free"]:
        yield f"focus is covered: {_named(at)}"


def _named(at: dict[str, Any]) -> str:
    return f"{at['tag']} “{' '.join(str(at['name']).split())}” ({at['path']})"
