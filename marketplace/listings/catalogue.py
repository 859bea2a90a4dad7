"""The shop's shelves and target models: read from their JSON files into their tables."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.listings.availability import Installation
from marketplace.listings.models import Category, TargetModel

CATALOGUE = Path(__file__).with_name("catalogue.json")
TARGET_MODELS = Path(__file__).with_name("target_models.json")

SCHEDULER_NAMES = {
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "euler": "Euler",
    "euler_a": "Euler a",
    "heun": "Heun",
    "lms": "LMS",
    "dpm_2": "DPM2",
    "dpm_2_a": "DPM2 a",
    "ddim": "DDIM",
    "plms": "PLMS",
    "unipc": "UniPC",
    "deis": "DEIS",
    "lcm": "LCM",
}
"""How sellers know the solvers; one absent here is shown by its key."""
SCHEDULE_NAMES = ("karras", "exponential", "beta", "trailing")
"""Schedules that a solver's key may end with."""


def scheduler_name(key: str) -> str:
    """The scheduler as people write it: the solver, and its schedule where it names one."""
    solver, _, schedule = key.rpartition("_")
    if schedule in SCHEDULE_NAMES:
        return f"{SCHEDULER_NAMES.get(solver, solver)} {schedule.capitalize()}"
    return SCHEDULER_NAMES.get(key, key)


def load_catalogue(
    session: Session,
    installed: Installation | None = None,
    shelves: Path = CATALOGUE,
    registry: Path = TARGET_MODELS,
) -> tuple[int, int]:
    """Insert or update every category and target model; returns how many of each.

    Rows that the files no longer name stay, for listings may still point at them, but a model
    that left the registry is no longer offered.

    Args:
        installed: what this installation can run; nothing but the house model unless given.
    """
    installed = installed or Installation()
    categories = json.loads(shelves.read_text(encoding="utf-8"))["categories"]
    _upsert(session, Category, [{**row, "position": at} for at, row in enumerate(categories, 1)])
    rows = _registry_rows(installed, registry)
    _upsert(session, TargetModel, rows)
    _close_others(session, {row["slug"] for row in rows})
    return len(categories), len(rows)


def registry_models(installed: Installation | None = None) -> list[TargetModel]:
    """The registry's models straight from their file, in order: for reading, without a database.

    Args:
        installed: what this installation can run; nothing but the house model unless given.
    """
    rows = _registry_rows(installed or Installation(), TARGET_MODELS)
    return [TargetModel(**row) for row in rows]


def _registry_rows(installed: Installation, registry: Path) -> list[dict[str, Any]]:
    content = json.loads(registry.read_text(encoding="utf-8"))
    return [
        {
            **row,
            "retired_on": date.fromisoformat(row["retired_on"]) if row["retired_on"] else None,
            "offered": installed.offers(row),
            "registry_version": content["version"],
            "position": position,
        }
        for position, row in enumerate(content["target_models"], start=1)
    ]


def _close_others(session: Session, known: set[str]) -> None:
    session.execute(update(TargetModel).where(TargetModel.slug.not_in(known)).values(offered=False))


def _upsert(
    session: Session, table: type[Category | TargetModel], rows: list[dict[str, Any]]
) -> None:
    statement = insert(table).values(rows)
    rest = {name: statement.excluded[name] for name in rows[0] if name != "slug"}
    session.execute(statement.on_conflict_do_update(index_elements=["slug"], set_=rest))
