"""The shop's shelves and target models: read from catalogue.json into their tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.listings.models import Category, TargetModel

CATALOGUE = Path(__file__).with_name("catalogue.json")

SCHEDULER_NAMES = {
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_karras": "DPM++ 2M Karras",
    "euler": "Euler",
    "ddim": "DDIM",
    "unipc": "UniPC",
}
"""How sellers know the schedulers; a scheduler absent here is shown by its key."""


def scheduler_name(key: str) -> str:
    """The scheduler as people write it."""
    return SCHEDULER_NAMES.get(key, key)


def load_catalogue(session: Session, path: Path = CATALOGUE) -> tuple[int, int]:
    """Insert or update every category and target model; returns how many of each.

    Rows that the file no longer names stay: listings may still point at them.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    for table, rows in (
        (Category, content["categories"]),
        (TargetModel, content["target_models"]),
    ):
        for position, row in enumerate(rows, start=1):
            _upsert(session, table, {**row, "position": position})
    return len(content["categories"]), len(content["target_models"])


def _upsert(session: Session, table: type[Category | TargetModel], row: dict[str, Any]) -> None:
    rest = {name: value for name, value in row.items() if name != "slug"}
    statement = insert(table).values(**row)
    session.execute(statement.on_conflict_do_update(index_elements=["slug"], set_=rest))
