"""js/fill.js gives what marketplace.prompts gives, in the browser that people use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from marketplace.library.presenters import client_template, filled_prompt, submitted_values
from marketplace.prompts import parse

SCRIPT = Path(__file__).parents[3] / "marketplace" / "static" / "js" / "fill.js"
TEMPLATES = (
    "no variable at all",
    r"a \[tiny\] [subject] under a [sky: sunset | night] sky, [subject] in [ink=gold]",
    "[one][two=2][three: a | b]",
    "[n: number][m: number 1 to 9 = 3][s: number 0 to 1 step 0.25][t: text up to 5]",
    "[c: colour][d: colour of red, teal][a: aspect][b: aspect of 1:1, 3:2]",
)
VALUES = (
    "",
    "   ",
    " red  fox ",
    "x" * 120,
    "x" * 121,
    "😀" * 120,
    "😀" * 121,
    "cafe\u0301",
    "a [b",
    "b]",
    "tab\there",
    "line\u2028break",
    "turned \u202e round",
    "null \x00 byte",
    "<b>&amp;</b>",
    "night",
    "b",
    "3",
    " 007 ",
    "1,50",
    "0.75",
    "-0",
    "-12.3400",
    "1e3",
    "99999999999",
    "0.3",
    "deep teal",
    "teal",
    "#ABC",
    "#1e90ff",
    "#12",
    "banana",
    "a red hat on it now",
    "6:4",
    "1920 x 1080",
    "0:1",
    "99:1",
)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A blank page that has the module's functions."""
    page = browser.new_page()
    source = SCRIPT.read_text(encoding="utf-8")
    page.evaluate(
        """async (source) => {
          const address = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
          window.fill = (await import(address)).fill;
        }""",
        source,
    )
    yield page
    page.close()


def in_python(source: str, values: list[str]) -> dict[str, Any]:
    template = parse(source)
    form = {f"value-{number}": value for number, value in enumerate(values)}
    filled = filled_prompt(template, submitted_values(template, form))
    return {
        "text": filled.text,
        "pieces": [[piece.text, piece.slot, piece.missing] for piece in filled.preview],
        "errors": [field.error for field in filled.fields],
    }


def in_browser(page: Page, source: str, values: list[str]) -> dict[str, Any]:
    result = page.evaluate(
        """([template, values]) => {
          const {text, pieces, outcomes} = window.fill(template, values);
          return {
            text,
            pieces: pieces.map((p) => [p.text, p.slot ?? null, p.missing ?? false]),
            errors: outcomes.map((o) => o.error ?? null),
          };
        }""",
        [client_template(parse(source)), values],
    )
    return dict(result)


@pytest.mark.browser
@pytest.mark.parametrize("source", TEMPLATES)
def test_the_browser_fills_as_the_server_does(page: Page, source: str) -> None:
    for value in VALUES:
        values = [value] * len(parse(source).variables)
        expected = in_python(source, values)
        assert in_browser(page, source, values) == expected, json.dumps(value)
