"""A new diffusers model is an entry in the registry file, no code."""

import json

import pytest

from tests.factories.generation import generation_request
from workers.engines.contract import EngineRefused, EngineUnavailable
from workers.engines.registry import HOUSE, PipelineEntry, build_registry, pipeline_entries
from workers.engines.scheduler_tables import FLOW_SCHEDULERS, SCHEDULERS, determinism_of

ROW = {
    "slug": "paper-cut",
    "engine": "diffusers",
    "source": "someone/paper-cut",
    "schedulers": ["dpmpp_2m", "euler"],
    "capability": {"negative_prompt": False, "prompt_tokens": 77, "min_side": 64, "max_side": 128,
                   "size_multiple": 8},
    "steps_max": 12,
    "guidance_max": 9.0,
    "weights_sha256": None,
    "options": {"max_batch": 2, "safety_checker": False},
}  # fmt: skip


def test_an_entry_becomes_an_engine(toy_pipeline_dir, tmp_path):
    (tmp_path / "paper-cut").symlink_to(toy_pipeline_dir)
    registry = build_registry(tmp_path / "house", tmp_path, [PipelineEntry.of(ROW)])
    assert registry.keys() == {HOUSE, "someone/paper-cut"}
    engine = registry.get("someone/paper-cut")
    assert engine.generate(generation_request()).provenance.model_id == "someone/paper-cut"
    assert engine.capability.max_batch == 2
    for change in ({"steps": 13}, {"negative_prompt": "bird"}, {"scheduler": "ddim"}):
        with pytest.raises(EngineRefused):
            engine.generate(generation_request(**change))


def test_pinned_weights_are_checked(toy_pipeline_dir, tmp_path):
    (tmp_path / "paper-cut").symlink_to(toy_pipeline_dir)
    entry = PipelineEntry.of(ROW | {"weights_sha256": "ab" * 32})
    engine = build_registry(tmp_path / "house", tmp_path, [entry]).get("someone/paper-cut")
    with pytest.raises(EngineUnavailable, match="not to abababab") as refusal:
        engine.warm_up()
    assert refusal.value.code == "WEIGHTS_CORRUPT"


def test_without_a_models_folder_there_is_the_house_model_alone(tmp_path):
    registry = build_registry(tmp_path)
    assert registry.keys() == {HOUSE}
    with pytest.raises(EngineUnavailable) as refusal:
        registry.get("someone/paper-cut")
    assert refusal.value.code == "NOT_CONFIGURED"


def test_a_model_whose_folder_is_not_there_is_missing(tmp_path):
    engine = build_registry(tmp_path, tmp_path, [PipelineEntry.of(ROW)]).get("someone/paper-cut")
    with pytest.raises(EngineUnavailable) as refusal:
        engine.warm_up()
    assert refusal.value.code == "WEIGHTS_MISSING"


def test_the_entries_that_ship_can_all_be_made(tmp_path):
    entries = pipeline_entries()
    registry = build_registry(tmp_path, tmp_path)
    assert registry.keys() == {entry.source for entry in entries}
    for entry in entries:
        capability = registry.get(entry.source).capability
        known = FLOW_SCHEDULERS if "FLUX" in entry.source else SCHEDULERS
        assert set(entry.schedulers) <= set(known)
        assert set(entry.schedulers) <= capability.schedulers
        assert capability.max_steps >= entry.steps_max


def test_the_entries_that_ship_state_the_determinism_of_the_tables():
    from marketplace.listings.catalogue import TARGET_MODELS

    for row in json.loads(TARGET_MODELS.read_text())["target_models"]:
        if row["engine"] == "diffusers":
            stated = row["determinism"]
            assert stated == {name: determinism_of(name).value for name in stated}
