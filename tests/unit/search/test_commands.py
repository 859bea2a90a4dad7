"""flask search."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from marketplace.core.container import Services
from marketplace.gateways.blobs import public_key
from marketplace.images.hashes import fingerprint
from marketplace.search import indexing
from tests.factories.listings import picture_bytes
from tests.factories.search import Stock, put_on_sale


def run(app: Flask, *args: str, code: int = 0) -> str:
    result = app.test_cli_runner().invoke(args=["search", *args])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def ids(services: Services) -> list[str]:
    """Two listings, one with a picture."""
    image = Image.open(io.BytesIO(picture_bytes(1, size=160))).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    services.blobs.put(public_key("aa" * 32 + ".jpg"), buffer.getvalue(), "image/jpeg")
    made = put_on_sale(
        services,
        Stock("Red fox", reproduced=True, prints=[(fingerprint(image), "aa" * 32)]),
        Stock("Grey heron"),
    )
    indexing.update(services)
    return made


def test_words_and_pictures_find_what_the_site_finds(
    app: Flask, ids: list[str], tmp_path: Path
) -> None:
    found = json.loads(run(app, "red foxes", "--json"))
    assert [row["id"] for row in found["results"]] == ids[:1]
    assert (found["total"], found["at_least"], found["by_meaning"]) == (1, False, False)
    assert "Grey heron  /p/grey-heron-" in run(app, "heron")
    picture = tmp_path / "query.png"
    picture.write_bytes(picture_bytes(1, size=96))
    found = json.loads(run(app, "--image", str(picture), "--json"))
    assert (found["results"][0]["id"], found["results"][0]["same_picture"]) == (ids[0], True)
    assert json.loads(run(app, "--sort", "newest", "--limit", "1", "--json"))["total"] == 2
    (tmp_path / "no.png").write_bytes(b"no picture")
    assert "Error" in run(app, "--image", str(tmp_path / "no.png"), code=1)


def test_rebuilding_and_asking_how_it_stands(app: Flask, ids: list[str]) -> None:
    assert "Search holds 2 listings. No sentence encoder: words only." in run(app, "rebuild")
    said = run(app, "status")
    assert "documents: 2" in said
    assert "pictures: 1" in said
    assert "sentence encoder: none" in said
