"""`flask image metadata` and `flask prompt lint` print JSON, without a database."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask

from tests.unit.images.builders import encode, picture
from tests.unit.images.metadata import tools


def printed(app: Flask, path: Path) -> dict:
    result = app.test_cli_runner().invoke(args=["image", "metadata", str(path)])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_settings_where_from_and_what_the_registry_knows(app: Flask, tmp_path: Path):
    file = tmp_path / "fox.png"
    file.write_bytes(tools.png(parameters=tools.A1111_TEXT))
    answer = printed(app, file)
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


def test_a_plain_picture_and_no_picture_give_an_empty_answer(app: Flask, tmp_path: Path):
    for data in (encode(picture()), b"no picture at all", b""):
        file = tmp_path / "file"
        file.write_bytes(data)
        answer = printed(app, file)
        assert (answer["tool"], answer["fields"], answer["recognised"]["model"]) == (None, {}, None)


def linted(app: Flask, text: str, *options: str) -> dict:
    result = app.test_cli_runner().invoke(args=["prompt", "lint", "-", *options], input=text)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_prompt_is_linted_and_converted_from_standard_input(app: Flask):
    answer = linted(app, "a {subject} at noon at night\n", "--model", "flux-1-schnell")
    codes = {finding["code"] for finding in answer["findings"]}
    assert {"contradiction", "foreign_braces", "no_style"} <= codes
    assert answer["import"]["template"] == "a [subject] at noon at night"
    assert answer["import"]["notes"][0]["start"] == 2
    assert answer["tokens"] == {"count": 10, "counted": False, "limit": 256}


def test_the_house_models_tokens_are_counted(app: Flask):
    assert linted(app, "a fox", "--model", "house-full")["tokens"]["counted"] is True


def test_the_lint_reads_files_too_and_names_the_models_it_knows(app: Flask, tmp_path: Path):
    file = tmp_path / "prompt.txt"
    file.write_text("a [fox], (red:1.2)\r\n", encoding="utf-8")
    runner = app.test_cli_runner()
    answer = runner.invoke(args=["prompt", "lint", str(file), "--tool", "A1111"])
    assert json.loads(answer.output)["import"]["template"] == r"a \[fox\], (red:1.2)"
    unknown = runner.invoke(args=["prompt", "lint", str(file), "--model", "sd-9"])
    assert unknown.exit_code == 2
    assert "flux-1-schnell" in unknown.output
