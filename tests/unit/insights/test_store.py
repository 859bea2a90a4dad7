"""A seller's page says what its seller wrote: plain words, and links that lead where they say."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.accounts.shops import MAX_BIO, read_links
from marketplace.core.errors import InvalidError
from marketplace.insights.store import unfit
from tests.unit.insights.test_dashboard import desk, seller

__all__ = ["desk", "seller"]


@pytest.mark.parametrize(
    ("typed", "links"),
    [
        ("", []),
        ("https://example.com/you\n\n  https://example.org ", ["https://example.com/you", "https://example.org"]),
        ("example.com/you", ["https://example.com/you"]),
        ("https://example.com\nhttps://example.com", ["https://example.com"]),
        ("https://xn--bcher-kva.example/a?b=c#d", ["https://xn--bcher-kva.example/a?b=c#d"]),
    ],
)  # fmt: skip
def test_links_are_read_as_people_write_them(typed: str, links: list[str]) -> None:
    assert read_links(typed) == links


@pytest.mark.parametrize(
    "typed",
    [
        "http://example.com",
        "javascript://example.com/%0aalert(1)",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://bracket.example@evil.example",
        "https://127.0.0.1",
        "https://localhost",
        "https://[::1]",
        "https://[broken",
        "https://example.com:8443",
        "https://example.com:port",
        "https://exam ple.com",
        'https://example.com/"onload=x',
        "https://bücher.example",
        "//example.com",
        f"https://example.com/{'x' * 200}",
        "a.example\nb.example\nc.example\nd.example",
    ],
)
def test_what_is_no_plain_https_address_is_refused_in_words(typed: str) -> None:
    with pytest.raises(InvalidError):
        read_links(typed)


def test_the_page_says_what_was_saved(
    session: Session, seller: SellerProfile, desk: FlaskClient
) -> None:
    said = {
        "display_name": "  Mira   <3 Holm",
        "bio": "Paper.\r\n<b>Light</b> from the side.",
        "links": "mira.example",
    }
    refused = desk.post("/sell/store", data=said)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "ordinary punctuation" in page
    assert "&lt;b&gt;Light" in page  # what was typed is still there
    said["display_name"] = "Mira Holm & Sons"
    assert desk.post("/sell/store", data=said).status_code == 303
    shown = desk.get(f"/s/{seller.handle}").get_data(as_text=True)
    assert "Mira Holm &amp; Sons" in shown
    assert "&lt;b&gt;Light&lt;/b&gt; from the side." in shown
    link = '<a href="https://mira.example" rel="nofollow ugc noopener noreferrer">mira.example</a>'
    assert link in shown
    session.refresh(seller)
    assert seller.bio == "Paper.\n<b>Light</b> from the side."


@pytest.mark.parametrize(
    "wrong",
    [
        {"display_name": ""},
        {"display_name": "x" * 61},
        {"bio": "x" * (MAX_BIO + 1)},
        {"links": "http://mira.example"},
        {"bio": "What a f.u.c.k.i.n.g c\u0443nt shop"},
    ],
    ids=str,
)
def test_what_cannot_be_said_changes_nothing(
    session: Session, seller: SellerProfile, desk: FlaskClient, wrong: dict[str, str]
) -> None:
    said = {"display_name": "New name", "bio": "New words.", "links": "mira.example"} | wrong
    answer = desk.post("/sell/store", data=said)
    assert answer.status_code == 422
    assert 'id="error-summary"' in answer.get_data(as_text=True)
    session.refresh(seller)
    assert (seller.display_name, seller.bio, seller.links) == ("Mira Holm", "", [])


def test_clean_words_are_not_taken_for_others() -> None:
    assert unfit("Essex Classic Prints", "Assorted scenes from Scunthorpe, with a cocktail.") == {}
