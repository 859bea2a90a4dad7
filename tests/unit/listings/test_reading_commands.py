"""`flask image metadata` prints what a file says, without a database."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from marketplace.listings.reading_commands import image
from tests.unit.images.builders import encode, picture
from tests.unit.images.metadata import tools


def printed(path: Path) -> dict:
    result = CliRunner().invoke(image, ["metadata", str(path)])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_settings_where_from_and_what_the_registry_knows(tmp_path: Path):
    file = tmp_path / "fox.png"
    file.write_bytes(tools.png(parameters=tools.A1111_TEXT))
    answer = printed(file)
    assert answer["tool"] == "A1111"
    assert answer["fields"]["seed"] == {
        "value": 3721905518,
        "tool": "A1111",
        "part": "PNG tEXt, parameters",
        "key": "Seed",
        "confidence": "high",
    }
    assert answer["loras"][0]["weight"] == 0.8
    assert answer["recognised"]["model"] == "sd-1-5"
    assert answer["recognised"]["suggestions"]["sampler"]["value"] == "dpmpp_2m_karras"


def test_a_plain_picture_and_no_picture_give_an_empty_answer(tmp_path: Path):
    for data in (encode(picture()), b"no picture at all", b""):
        file = tmp_path / "file"
        file.write_bytes(data)
        answer = printed(file)
        assert (answer["tool"], answer["fields"], answer["recognised"]["model"]) == (None, {}, None)
