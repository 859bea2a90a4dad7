"""The address for looking with a picture, suggestions, and what is never kept."""

from __future__ import annotations

import builtins
import io
import logging
import tempfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from marketplace.core.container import Services
from marketplace.core.database import Database
from tests.unit.discovery.conftest import Shop

MARKER = "quokka-in-the-query-picture"


def query_picture(size: int = 700) -> bytes:
    """Noise, so that the file is far larger than what parsers keep in memory by themselves."""
    marked = PngInfo()
    marked.add_text("Comment", MARKER)
    buffer = io.BytesIO()
    Image.effect_noise((size, size), 90).convert("RGB").save(buffer, "PNG", pnginfo=marked)
    assert len(buffer.getvalue()) > 600_000
    return buffer.getvalue()


def send(client: FlaskClient, data: bytes, **headers: str) -> Any:
    # Encoded here: the client's own way leaves temporary files of large forms open.
    picture = FileStorage(io.BytesIO(data), f"{MARKER}.png", "image")
    boundary, body = encode_multipart({"image": picture})
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/search/image", data=body, content_type=kind, headers=headers)


def test_a_picture_leads_to_an_address_that_needs_no_picture(csrf_app: Flask, shop: Shop) -> None:
    client = csrf_app.test_client()  # exactly as it runs: no token is asked for
    answer = send(client, query_picture())
    assert answer.status_code == 303
    assert answer.location.startswith("/search?look=")
    assert len(answer.location) < 1_000
    page = client.get(answer.location)
    assert page.status_code == 200
    assert "Prompts like your picture" in page.text
    assert "0 results because none of our pictures is like yours" in page.text
    told = send(client, query_picture(), Accept="application/json")
    assert told.json["url"].startswith("/search?look=")


def test_what_is_no_picture_is_refused_in_words(client: FlaskClient) -> None:
    answer = send(client, b"not a picture")
    assert answer.status_code == 422
    assert 'class="notice notice--error"' in answer.text
    told = send(client, b"", Accept="application/json")
    assert (told.status_code, told.json["error"]["code"]) == (422, "empty")
    assert client.get("/search/image").status_code == 200


def test_the_query_picture_is_written_nowhere(
    client: FlaskClient,
    services: Services,
    shop: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No file is opened for writing, no blob, no job, no row, no line of a log holds any of it."""
    data = query_picture()
    written: list[str] = []
    real_open = builtins.open

    def watched(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if set(mode) & set("wax+"):
            written.append(str(file))
        return real_open(file, mode, *args, **kwargs)

    def refused(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a temporary file for the query picture")

    blobs_before = sorted(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    rows_before = dumped(services.database)
    monkeypatch.setattr(builtins, "open", watched)
    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refused)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refused)
    monkeypatch.setattr("werkzeug.formparser.TemporaryFile", refused, raising=False)
    with caplog.at_level(logging.DEBUG):
        answer = send(client, data)
        assert answer.status_code == 303
        assert client.get(answer.location).status_code == 200
    monkeypatch.undo()
    assert written == []
    blobs_after = sorted(path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    assert blobs_after == blobs_before
    assert dumped(services.database) == rows_before
    assert services.queue.sent == []  # type: ignore[attr-defined]
    assert MARKER not in caplog.text
    assert MARKER not in answer.location


def dumped(database: Database) -> dict[str, int]:
    """Every table with the number of its rows."""
    from sqlalchemy import inspect, text

    with database.engine.connect() as connection:
        return {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar() or 0
            for table in inspect(connection).get_table_names()
        }


def test_suggestions_lead_to_pages_that_exist(client: FlaskClient, shop: Shop) -> None:
    answer = client.get("/search/suggestions.json?q=ha")
    groups = {group["name"]: group["options"] for group in answer.json["groups"]}
    assert [option["label"] for option in groups["Listings"]] == ["Harbour mornings"]
    for typed in ("ti", "wa", "house", "paper"):
        for group in client.get(f"/search/suggestions.json?q={typed}").json["groups"]:
            for option in group["options"]:
                assert client.get(option["url"]).status_code == 200, option
    assert client.get("/search/suggestions.json?q=%00%ff").json == {"groups": []}
