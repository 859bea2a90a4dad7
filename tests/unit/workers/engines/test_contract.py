"""The contract stands alone, hides prompts and refuses what an engine cannot make."""

import subprocess
import sys

import pytest

from tests.factories.generation import generation_request
from workers.engines.contract import MAX_SEED, Capability, EngineRefused, EngineUnavailable
from workers.engines.registry import HOUSE, EngineRegistry, build_registry

CAPABILITY = Capability(
    engine="toy",
    reproducible=True,
    schedulers=frozenset({"dpmpp_2m"}),
    min_side=64,
    max_side=128,
    size_multiple=16,
    max_steps=20,
)


def test_naming_engines_loads_no_model_library():
    code = (
        "import sys; from pathlib import Path; import workers.engines.contract\n"
        "import workers.engines.registry as r; r.build_registry(Path('nowhere')).keys()\n"
        "sys.exit(bool({'torch', 'diffusers', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_request_never_shows_its_prompts():
    request = generation_request(prompt="SECRET-ONE", negative_prompt="SECRET-TWO")
    assert "SECRET" not in f"{request!r}{request}"
    assert "seed=7" in repr(request)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt": "  \n"}, "prompt is empty"),
        ({"scheduler": "euler_a"}, "'euler_a' is not one of"),
        ({"seed": -1}, "seed must be"),
        ({"seed": MAX_SEED + 1}, "seed must be"),
        ({"steps": 0}, "steps must be"),
        ({"steps": 21}, "steps must be"),
        ({"guidance_scale": float("nan")}, "guidance scale"),
        ({"guidance_scale": 31.0}, "guidance scale"),
        ({"width": 65}, "width must be"),
        ({"width": 48}, "width must be"),
        ({"height": 144}, "height must be"),
    ],
)
def test_what_lies_outside_the_limits_is_refused(change, reason):
    with pytest.raises(EngineRefused, match=reason):
        CAPABILITY.check(generation_request(**change))


def test_every_reason_is_named_at_once():
    with pytest.raises(EngineRefused, match=r"steps.*width"):
        CAPABILITY.check(generation_request(steps=0, width=1))


def test_a_refusal_does_not_quote_the_prompt():
    with pytest.raises(EngineRefused) as refusal:
        CAPABILITY.check(generation_request(prompt="SECRET", steps=0))
    assert "SECRET" not in str(refusal.value)


def test_the_limits_themselves_are_allowed():
    CAPABILITY.check(generation_request(seed=MAX_SEED, steps=20, width=64, height=128))
    CAPABILITY.check(generation_request(seed=0, steps=1, guidance_scale=0.0))


def test_a_registry_builds_an_engine_once():
    built = []

    def factory():
        built.append(object())
        return built[-1]

    registry = EngineRegistry({"one": factory})
    assert not built
    assert registry.get("one") is registry.get("one")
    assert len(built) == 1


def test_an_unknown_engine_is_unavailable(tmp_path):
    registry = build_registry(tmp_path)
    assert registry.keys() == {HOUSE}
    with pytest.raises(EngineUnavailable, match="no engine 'sdxl'"):
        registry.get("sdxl")


def test_the_house_engine_without_weights_is_unavailable(tmp_path):
    engine = build_registry(tmp_path).get(HOUSE)
    with pytest.raises(EngineUnavailable, match=r"model_index\.json is missing"):
        engine.generate(generation_request(width=256, height=256))
