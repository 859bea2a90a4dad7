"""Settings of a picture against the registry: what can be taken over, and why the rest cannot."""

from __future__ import annotations

import json

import pytest

from marketplace.images.metadata import GenerationSettings, read_settings
from marketplace.listings.availability import Installation
from marketplace.listings.catalogue import registry_models
from marketplace.listings.recognising import KNOWN_MODELS, recognise, recognised_model
from tests.unit.images.metadata import tools

ALL = registry_models(Installation(frozenset({"sd-1-5", "sdxl-1-0", "flux-1-schnell"}), True))


def settings(text: str) -> GenerationSettings:
    return read_settings(tools.png(parameters=text))


def test_what_a1111_wrote_becomes_a_form():
    known = recognise(settings(tools.A1111_TEXT), ALL)
    assert known.model is not None
    assert known.model.slug == "sd-1-5"
    values = {one.form_field: one.value for one in known.suggestions.values()}
    assert values == {
        "prompt": tools.A1111_TEXT.partition("\nNegative")[0],
        "seed": "3721905518",
        "target_model": "sd-1-5",
        "scheduler": "dpmpp_2m_karras",
        "steps": "20",
        "guidance": "7",
    }
    assert any("LoRAs" in note for note in known.notes)
    assert any("512 × 512" in note for note in known.notes)


def test_flux_has_one_schedule_whatever_it_is_called():
    known = recognise(settings(tools.FORGE_TEXT), ALL)
    assert known.model is not None
    assert known.model.slug == "flux-1-schnell"
    assert known.suggestions["sampler"].value == "euler"
    assert known.suggestions["steps"].value == "4"
    assert known.suggestions["guidance"].value is None
    assert "takes 0 to 0" in known.suggestions["guidance"].note


@pytest.mark.parametrize(
    ("name", "digest", "slug"),
    [
        ("sd_xl_base_1.0", None, "sdxl-1-0"),
        ("SDXL Base 1.0", None, "sdxl-1-0"),
        ("stable-diffusion-xl-base-1-0", None, "sdxl-1-0"),
        ("mine", "31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b", "sdxl-1-0"),
        ("mine", "5D5AD06CC2", "midjourney-v4-style"),
        ("PaperCut_v1", None, "paper-cut"),
        ("gpt-image-2.6-flare", None, "gpt-image-2-6-flare"),
        ("Midjourney 6.1", None, "midjourney"),
        ("juggernautXL_v8", "aeb7e9e689", None),
        ("", "", None),
        (None, None, None),
    ],
)
def test_models_by_hash_and_by_name(name: str | None, digest: str | None, slug: str | None):
    model = recognised_model(name, digest, ALL)
    assert (model.slug if model else None) == slug


def test_a_model_that_is_known_and_not_offered_says_so():
    known = recognise(settings(tools.A1111_TEXT), registry_models())
    assert known.suggestions["model"].value is None
    assert "Not offered" in known.suggestions["model"].note
    other = recognise(settings(tools.FORGE_TEXT.replace("schnell", "dev").replace("94", "00")), ALL)
    assert other.model is None
    assert "FLUX.1 dev is another model" in other.suggestions["model"].note


@pytest.mark.parametrize(
    ("sampler", "words"),
    [
        ("Euler a", "noise at every step"),
        ("DPM++ SDE Karras", "No equal here"),
        ("PLMS", "does not offer it"),
        ("my own sampler", "unknown sampler"),
    ],
)
def test_samplers_that_cannot_be_taken_over_say_why(sampler: str, words: str):
    text = f"a\nSteps: 20, Sampler: {sampler}, CFG scale: 7, Seed: 1, Model: v1-5-pruned"
    suggestion = recognise(settings(text), ALL).suggestions["sampler"]
    assert suggestion.value is None
    assert words in suggestion.note


def test_hash_and_name_at_odds_are_noted():
    text = "a\nSteps: 20, Sampler: Euler, Seed: 1, Model hash: 31e35c80fc, Model: v1-5-pruned"
    known = recognise(settings(text), ALL)
    assert known.model is not None
    assert known.model.slug == "sdxl-1-0"
    assert any("disagree" in note for note in known.notes)


def test_seeds_beyond_32_bits_are_shown_and_not_taken():
    known = recognise(read_settings(tools.png(prompt=json.dumps(tools.COMFY_PROMPT))), ALL)
    assert known.suggestions["seed"].value is None
    assert "4294967295" in known.suggestions["seed"].note


def test_nothing_gives_nothing():
    known = recognise(GenerationSettings(), ALL)
    assert (known.model, known.suggestions, known.notes) == (None, {}, ())


def test_every_known_model_is_in_the_registry_and_every_hash_has_ten_digits():
    content = json.loads(KNOWN_MODELS.read_text())
    assert content["models"].keys() <= {model.slug for model in ALL}
    for entry in content["models"].values():
        assert all(len(digest) == 10 and int(digest, 16) >= 0 for digest in entry["hashes"])
