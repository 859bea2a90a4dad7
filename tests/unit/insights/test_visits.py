"""Who counts as a person, and which searches may be counted at all."""

from __future__ import annotations

import pytest
from flask import Flask, request

from marketplace.insights.visits import is_persons_look, normalised, term_behind

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "counts"),
    [
        (CHROME, True),
        ("Mozilla/5.0 (Linux; Android 13; CUBOT X30) AppleWebKit/537.36 Chrome/120 Mobile", True),
        ("Opera/9.80 (Android; Opera Mini/36.2) Presto/2.12.423 Version/12.16", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", False),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)", False),
        ("Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)", False),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/142.0 Safari/537.36", False),
        ("facebookexternalhit/1.1", False),
        ("curl/8.5.0", False),
        ("", False),
    ],
)
def test_browsers_count_and_machines_do_not(agent: str, counts: bool) -> None:
    with Flask("t").test_request_context(headers={"User-Agent": agent}):
        assert is_persons_look(request.environ) is counts


@pytest.mark.parametrize(
    ("method", "header"),
    [
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
        ("GET", {"X-Moz": "prefetch"}),
    ],
)
def test_what_nobody_sees_is_not_counted(method: str, header: dict[str, str]) -> None:
    headers = {"User-Agent": CHROME} | header
    with Flask("t").test_request_context(method=method, headers=headers):
        assert not is_persons_look(request.environ)


@pytest.mark.parametrize(
    ("typed", "counted"),
    [
        ("  Paper   FOX ", "paper fox"),
        ("“night sky” -red", "night sky -red"),
        ("ＰＡＰＥＲ", "paper"),
        ("", None),
        ("mira@example.com", None),
        ("call 0171 234 56 78", None),
        ("order 12345", None),
        ("https://elsewhere.example", None),
        ("a fox cut from paper under a velvet sky", None),
        ("x" * 61, None),
        ("nul\x00byte", None),
        ("1920s poster", "1920s poster"),
    ],
)
def test_words_are_made_equal_and_what_may_be_personal_is_left_out(
    typed: str, counted: str | None
) -> None:
    assert normalised(typed) == counted


@pytest.mark.parametrize(
    ("referrer", "term"),
    [
        ("http://shop.example/search?q=Paper+fox&sort=newest", "paper fox"),
        ("http://shop.example/search?look=abc", None),
        ("http://shop.example/browse?q=paper", None),
        ("http://elsewhere.example/search?q=paper", None),
        ("http://shop.example/search?" + "a=1&" * 60 + "q=paper", None),
        ("http://[broken/search?q=paper", None),
        (None, None),
    ],
)
def test_only_our_own_search_is_a_search_that_led_here(
    referrer: str | None, term: str | None
) -> None:
    assert term_behind(referrer, "shop.example", "/search") == term
