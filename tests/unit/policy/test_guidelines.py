"""The sellers' guidelines follow the list of reason codes, in the document and on the page."""

from __future__ import annotations

from html import unescape

from flask.testing import FlaskClient

from marketplace.policy import guidelines
from marketplace.policy.codes import reason_codes


def test_the_document_is_current() -> None:
    written = guidelines.DOCUMENT.read_text(encoding="utf-8")
    assert written == guidelines.markdown(), "run: flask policy guidelines"


def test_the_page_says_the_same_to_everybody(client: FlaskClient) -> None:
    answer = client.get("/guidelines")
    assert answer.status_code == 200
    text = unescape(answer.text)
    for code in reason_codes():
        assert code.seller_text in text
        assert code.fix_hint in text
        assert guidelines.consequences(code) in text
        assert f'id="{code.key.lower()}"' in text


def test_the_foot_of_every_page_leads_there(client: FlaskClient) -> None:
    assert 'href="/guidelines"' in client.get("/browse").text
