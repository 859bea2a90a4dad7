"""The registry as data, what an installation offers of it, and one meaning for each badge."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen
from marketplace.listings.availability import Installation, closed_reason, installation
from marketplace.listings.catalogue import TARGET_MODELS, load_catalogue, scheduler_name
from marketplace.listings.models import TargetModel
from marketplace.listings.tiers import Determinism, Tier, tier_under
from marketplace.settings import Settings
from workers.engines.scheduler_tables import FLOW_SCHEDULERS, SCHEDULERS

CONTENT = json.loads(TARGET_MODELS.read_text(encoding="utf-8"))
ROWS: list[dict[str, Any]] = CONTENT["target_models"]
BY_SLUG = {row["slug"]: row for row in ROWS}
EVERYTHING = Installation(frozenset(BY_SLUG), openai=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["slug"])
def test_each_row_is_consistent(row: dict[str, Any]) -> None:
    tier = Tier(row["tier"])
    seeded = tier in (Tier.EXACT, Tier.PERCEPTUAL)
    assert row["seedable"] or not seeded
    assert row["engine"] in {"diffusers", "openai", "none"}
    assert (row["engine"] == "none") == (not tier.is_rerun)
    assert bool(row["schedulers"]) == (row["engine"] == "diffusers")
    assert row["steps_min"] <= row["steps_default"] <= row["steps_max"]
    assert row["guidance_min"] <= row["guidance_default"] <= row["guidance_max"]
    assert (row["cost_microdollars"] > 0) == (row["engine"] == "openai")
    assert row["licence"]
    assert row["licence_url"].startswith("https://") or row["source"] == "house"
    assert (row["retired_on"] is not None) == (tier is Tier.ARCHIVED)


@pytest.mark.parametrize("row", [row for row in ROWS if row["schedulers"]], ids=lambda r: r["slug"])
def test_each_scheduler_exists_and_is_classed_as_the_engine_classes_it(row: dict[str, Any]) -> None:
    table = FLOW_SCHEDULERS if row["slug"].startswith("flux") else SCHEDULERS
    assert set(row["schedulers"]) <= set(row["determinism"])
    for name, declared in row["determinism"].items():
        assert table[name].determinism.value == declared
        assert scheduler_name(name) != name
    # Only what a seed decides may be sold under a seeded tier.
    assert {row["determinism"][name] for name in row["schedulers"]} == {"ode"}


def test_the_file_explains_every_field() -> None:
    explained = " ".join(CONTENT["fields"])
    for name in BY_SLUG["house-full"]:
        stem = name.split("_")[0]
        assert name in explained or f"{stem}_*" in explained, name


def test_rows_carry_the_version_of_the_file(session: Session) -> None:
    load_catalogue(session)
    versions = set(session.scalars(select(TargetModel.registry_version)))
    assert versions == {CONTENT["version"]}


def test_named_facts_of_named_models() -> None:
    assert BY_SLUG["paper-cut"]["trigger_words"] == ["PaperCut"]
    assert BY_SLUG["midjourney-v4-style"]["trigger_words"] == ["mdjrny-v4 style"]
    assert BY_SLUG["dall-e-2"]["retired_on"] == BY_SLUG["dall-e-3"]["retired_on"] == "2026-05-12"
    assert BY_SLUG["flux-1-schnell"]["licence"] == "Apache 2.0"
    assert BY_SLUG["house-full"]["tier"] == "exact"


def offered(session: Session) -> set[str]:
    session.expire_all()
    return {model.slug for model in session.scalars(select(TargetModel)) if model.is_open}


def test_nothing_is_offered_that_is_not_installed(session: Session) -> None:
    load_catalogue(session)
    assert offered(session) == {"house-full", "house-fast", "midjourney"}
    load_catalogue(session, Installation(frozenset({"sd-1-5"})))
    assert offered(session) == {"house-full", "house-fast", "midjourney", "sd-1-5"}
    load_catalogue(session, Installation(openai=True))
    assert "gpt-image-2" in offered(session)
    assert "sd-1-5" not in offered(session)
    load_catalogue(session, EVERYTHING)
    archived = {"dall-e-2", "dall-e-3", "gpt-image-1"}
    assert offered(session) == set(BY_SLUG) - archived


def test_a_model_that_left_the_file_is_offered_no_more(session: Session, tmp_path: Path) -> None:
    load_catalogue(session)
    shorter = tmp_path / "models.json"
    rows = [row for row in ROWS if row["slug"] != "midjourney"]
    shorter.write_text(json.dumps({"version": 3, "target_models": rows}))
    load_catalogue(session, registry=shorter)
    assert "midjourney" not in offered(session)
    assert session.get(TargetModel, "midjourney") is not None


def test_settings_say_what_is_installed(settings: Settings, tmp_path: Path) -> None:
    assert installation(settings) == Installation()
    (tmp_path / "sd-1-5").mkdir()
    (tmp_path / "sd-1-5" / "model_index.json").write_text("{}")
    (tmp_path / "half-copied").mkdir()
    here = settings.model_copy(update={"models_dir": tmp_path})
    assert installation(here).weights == {"sd-1-5"}
    elsewhere = here.model_copy(update={"offered_models": ("sdxl-1-0",), "openai_api_key": "sk-x"})
    assert installation(elsewhere) == Installation(frozenset({"sdxl-1-0"}), openai=True)


def test_reasons_are_given(session: Session) -> None:
    load_catalogue(session)
    reasons = {m.slug: closed_reason(m) for m in session.scalars(select(TargetModel))}
    assert reasons["house-full"] is None
    assert reasons["dall-e-3"] == "Switched off by its maker on 12 May 2026."
    assert reasons["sdxl-1-0"] == "Not offered on this installation."


def test_a_model_is_archived_from_its_last_day_on(session: Session) -> None:
    load_catalogue(session, EVERYTHING)
    model = session.get_one(TargetModel, "gpt-image-2")
    model.retired_on = date(2027, 3, 1)
    with frozen(datetime(2027, 2, 28, 23, 59, tzinfo=UTC)):
        assert (model.tier_now, model.is_open) == (Tier.DISTRIBUTIONAL, True)
    with frozen(datetime(2027, 3, 1, tzinfo=UTC)):
        assert (model.tier_now, model.is_open) == (Tier.ARCHIVED, False)
        assert model.tier_with("") is Tier.ARCHIVED


def test_noise_at_every_step_costs_the_seeded_tiers() -> None:
    for tier in (Tier.EXACT, Tier.PERCEPTUAL):
        assert tier_under(tier, Determinism.ODE) is tier
        assert tier_under(tier, Determinism.SDE) is Tier.DISTRIBUTIONAL
        assert tier_under(tier, Determinism.NONE) is Tier.DISTRIBUTIONAL
    for tier in (Tier.DISTRIBUTIONAL, Tier.ATTESTED, Tier.ARCHIVED):
        assert all(tier_under(tier, each) is tier for each in Determinism)


def test_each_tier_has_its_own_word_and_sentence() -> None:
    assert len({tier.label for tier in Tier}) == len({tier.meaning for tier in Tier}) == len(Tier)
    for tier in Tier:
        assert tier.meaning.endswith(".")
        assert ". " not in tier.meaning
    assert [tier.hands for tier in Tier] == [1, 1, 1, 2, 1]
