"""The catalogue loads, and loading again mends without doubling."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.listings.catalogue import TARGET_MODELS, load_catalogue, scheduler_name
from marketplace.listings.models import Category, TargetModel


def registry() -> list[dict[str, Any]]:
    """The rows of the registry's file."""
    rows: list[dict[str, Any]] = json.loads(TARGET_MODELS.read_text())["target_models"]
    return rows


def test_loading_twice_changes_nothing(session: Session) -> None:
    first = load_catalogue(session)
    assert load_catalogue(session) == first == (8, len(registry()))
    assert session.scalar(select(func.count()).select_from(Category)) == 8
    assert session.scalar(select(func.count()).select_from(TargetModel)) == len(registry())


def test_loading_mends_a_changed_row(session: Session) -> None:
    load_catalogue(session)
    session.get_one(TargetModel, "house-full").steps_default = 99
    session.flush()
    load_catalogue(session)
    session.expire_all()
    assert session.get_one(TargetModel, "house-full").steps_default == 20


def test_every_default_is_within_its_range(session: Session) -> None:
    load_catalogue(session)
    for model in session.scalars(select(TargetModel)):
        assert model.steps_min <= model.steps_default <= model.steps_max
        assert model.guidance_min <= model.guidance_default <= model.guidance_max
        assert all(scheduler_name(key) != key for key in model.schedulers)


def test_command(app: Flask, session: Session) -> None:
    result = app.test_cli_runner().invoke(args=["catalogue", "load"])
    models = len(registry())
    # Without weights and keys: the house model twice, and Midjourney, which nobody re-runs.
    assert result.output == f"Catalogue: 8 categories, {models} target models, 3 of them offered.\n"
    assert session.get(Category, "jewelry-cards") is not None
