"""The cookie of sellers' own links: nobody makes one up, and it ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Response

from marketplace.core.clock import frozen, now
from marketplace.core.ids import new_id
from marketplace.offers.referral import COOKIE, referrer_of, remember
from tests.fixtures.app import settings_for

URL = "postgresql://nobody@127.0.0.1:9/nothing"
ON = settings_for(URL, Path("nowhere"), REFERRAL_FREE="true")
OFF = settings_for(URL, Path("nowhere"))
OTHERS = settings_for(URL, Path("nowhere"), REFERRAL_FREE="true", SECRET_KEY="x" * 40)


def cookie_of(seller_id: str) -> str:
    response = Response()
    remember(response, ON, seller_id)
    header = response.headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Max-Age=86400" in header
    return header.removeprefix(f"{COOKIE}=").partition(";")[0]


def test_it_names_the_seller_for_a_day() -> None:
    seller_id = new_id()
    made = now()
    with frozen(made):
        cookie = cookie_of(seller_id)
    for later, seen in ((0, seller_id), (86_000, seller_id), (86_500, None)):
        with frozen(made + timedelta(seconds=later)):
            assert referrer_of(ON, cookie) == seen


def test_the_owners_switch_counts_at_once() -> None:
    assert referrer_of(OFF, cookie_of(new_id())) is None


@pytest.mark.parametrize("part", ["name", "time", "signature"])
def test_a_forged_one_names_nobody(part: str) -> None:
    parts = dict(zip(("name", "time", "signature"), cookie_of(new_id()).split("."), strict=True))
    # The first character of a part: the last one of base64 has bits that nothing reads.
    letter = "A" if parts[part][0] != "A" else "B"
    parts[part] = letter + parts[part][1:]
    assert referrer_of(ON, ".".join(parts.values())) is None


@pytest.mark.parametrize("cookie", [None, "", "x", "a.b.c", "\udcff", "k8cd8fva775fv"])
def test_what_is_no_cookie_of_ours(cookie: str | None) -> None:
    assert referrer_of(ON, cookie) is None


def test_another_key_signs_nothing_here() -> None:
    assert referrer_of(OTHERS, cookie_of(new_id())) is None
