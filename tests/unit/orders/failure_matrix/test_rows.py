"""The owner's table of failures and the tests that do them name each other, one to one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

FOLDER = Path(__file__).parent
GUIDE = FOLDER.parents[3] / "docs" / "payments.md"
ROW = re.compile(r"\| (?P<when>[^|]+) \| (?P<then>[^|]+) \| `(?P<test>test_\w+)` \|")


def test_every_row_has_its_test_and_every_test_its_row() -> None:
    section = GUIDE.read_text().partition("## What can go wrong")[2].partition("\n## ")[0]
    named = [row["test"] for row in map(ROW.fullmatch, section.splitlines()) if row]
    written = [
        node.name
        for file in FOLDER.glob("test_*.py")
        if file != Path(__file__)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert sorted(named) == sorted(written)
    assert len(set(named)) == len(named) >= 31
