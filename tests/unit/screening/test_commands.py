"""flask policy check: findings as JSON, and bad input explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from marketplace.screening.commands import policy

GOOD: dict[str, Any] = {
    "title": "Beach scenes",
    "description": "Any character on a beach, painted wet in wet with a loose brush.",
    "tags": ["beach", "watercolour"],
    "template": "Homer Simpson on the beach in watercolor",
    "negative_prompt": "blurry",
}


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    info = ScriptInfo(create_app=lambda: Flask("nothing"))
    return CliRunner().invoke(policy, ["check", *arguments], input=text, obj=info)


def test_findings_are_json_and_the_exit_code_is_nought(tmp_path: Path) -> None:
    file = tmp_path / "submission.json"
    file.write_text(json.dumps(GOOD))
    result = run(str(file))
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert {one["code"] for one in found} == {"THIRD_PARTY_IP", "TOO_SPECIFIC"}
    name = next(one for one in found if one["code"] == "THIRD_PARTY_IP")
    assert (name["field"], name["severity"], name["span"]) == ("template", "hard", [0, 13])
    assert "Homer Simpson" in name["explanation"]
    assert name["fix"]


def test_nothing_found_is_an_empty_list_from_standard_input() -> None:
    text = json.dumps(GOOD | {"template": "[character] on the beach in watercolor"})
    result = run("-", text=text)
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_the_model_is_looked_up_in_the_registry() -> None:
    found = json.loads(run("-", text=json.dumps(GOOD | {"model": "dall-e-2"})).stdout)
    assert "UNSUPPORTED_MODEL" in {one["code"] for one in found}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "line 1, column 2"),
        ("[1]", "one JSON object"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ('{"template": "a [b"}', "line 1, column 3"),
        ('{"template": "a", "model": 3}', "model must be"),
        ('{"titel": "a"}', "titel"),
        ("[" * 100_000, "nested too deeply"),
        (" " * 1_000_001, "larger than"),
    ],
    ids=range(9),
)
def test_bad_input_is_explained(text: str | bytes, said: str) -> None:
    result = run("-", text=text)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_is_not_there() -> None:
    result = run("nowhere.json")
    assert result.exit_code == 2
    assert "nowhere.json" in result.stderr
