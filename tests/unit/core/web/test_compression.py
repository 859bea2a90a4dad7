"""Packed where it helps and is safe; the same thing inside."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask, Response, session
from flask.testing import FlaskClient

from marketplace.core.web.compression import init_compression

WORDS = "a page of words, " * 200
GZIP = {"Accept-Encoding": "br, gzip"}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    (tmp_path / "long.css").write_text("p { color: red }\n" * 200)
    (tmp_path / "short.css").write_text("p { color: red }")
    app = Flask(__name__, static_folder=str(tmp_path), static_url_path="/static")
    app.secret_key = "only for this test"
    init_compression(app)
    app.add_url_rule("/", view_func=lambda: WORDS, endpoint="words")
    app.add_url_rule("/short", view_func=lambda: "few", endpoint="short")
    app.add_url_rule(
        "/picture", view_func=lambda: Response(b"x" * 5000, mimetype="image/png"), endpoint="png"
    )
    app.add_url_rule(
        "/stream", view_func=lambda: Response(iter([WORDS]), mimetype="text/html"), endpoint="rows"
    )

    def log_in() -> str:
        session["_user_id"] = "somebody"
        return WORDS

    app.add_url_rule("/in", view_func=log_in, endpoint="log_in")
    return app.test_client()


def test_a_page_is_packed_for_browsers_that_take_it(client: FlaskClient) -> None:
    packed = client.get("/", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).decode() == WORDS
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(WORDS) / 5
    plain = client.get("/")
    assert plain.text == WORDS
    for answer in (packed, plain):  # or a cache would hand the one to who asked for the other
        assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("address", ["/short", "/picture", "/stream", "/static/short.css"])
def test_what_gains_nothing_goes_as_it_is(client: FlaskClient, address: str) -> None:
    with client.get(address, headers=GZIP) as answer:
        assert "Content-Encoding" not in answer.headers
        assert answer.data


def test_pages_of_people_signed_in_keep_their_length(client: FlaskClient) -> None:
    client.get("/in")
    assert "Content-Encoding" not in client.get("/", headers=GZIP).headers
    with client.get("/static/long.css", headers=GZIP) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"


def test_files_are_packed_once_and_known_again(client: FlaskClient) -> None:
    with client.get("/static/long.css", headers=GZIP) as first:
        assert gzip.decompress(first.data).startswith(b"p { color: red }")
        tag = first.headers["ETag"]
    with client.get("/static/long.css", headers=GZIP | {"If-None-Match": tag}) as again:
        assert (again.status_code, again.data) == (304, b"")
    with client.get("/static/long.css", headers=GZIP | {"Range": "bytes=0-4"}) as part:
        assert part.status_code == 206
        assert part.data == b"p { c"
