"""Addresses that are filled in are the ones that Flask would have built."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, url_for

from marketplace.core.web.addresses import address_of, media_url, srcset

DERIVATIVES = [
    {"webp": "aa11.webp", "jpeg": "aa11.jpg", "width": 320},
    {"webp": "bb22.webp", "jpeg": 'b"b.jpg', "width": 640},
]


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("discovery.home", {}),
        ("discovery.listing", {"path": "calm-fox-158tbv0evrh00"}),
        ("discovery.listing", {"path": "100% of a/b?c#d"}),
        ("discovery.listing", {"path": "füchse"}),
        ("discovery.listing", {"path": ""}),
        ("discovery.seller", {"handle": "mira", "page": 2}),
        ("discovery.seller", {"handle": "mira", "page": "2"}),
        ("discovery.search", {"q": "fox", "sort": "newest"}),
        ("discovery.search", {"q": ["fox", "owl"]}),
        ("discovery.listing", {"path": "fox-1", "_anchor": "reviews"}),
        ("discovery.listing", {"path": "fox-1", "_external": True}),
        ("media.public_file", {"name": "aa11.webp"}),
    ],
)
def test_an_address_is_the_one_that_flask_builds(
    app: Flask, endpoint: str, values: dict[str, Any]
) -> None:
    with app.test_request_context("/"):
        for _ in range(2):  # built, then remembered
            assert address_of(endpoint, **values) == url_for(endpoint, **values)


def test_a_site_below_a_path_keeps_it(app: Flask) -> None:
    for root in ("", "/shop"):
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": root}):
            assert address_of("discovery.listing", path="fox-1") == f"{root}/p/fox-1"
            assert media_url("aa11.webp").startswith(f"{root}/")


def test_relative_endpoints_are_of_the_blueprint_that_asks(app: Flask) -> None:
    with app.test_request_context("/browse"):
        assert address_of(".home") == "/"


def test_all_widths_of_a_picture_escaped(app: Flask) -> None:
    with app.test_request_context("/"):
        first, second = (media_url(one["webp"]) for one in DERIVATIVES)
        assert srcset(DERIVATIVES, "webp") == f"{first} 320w, {second} 640w"
        assert '"' not in srcset(DERIVATIVES, "jpeg")
