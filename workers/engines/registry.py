"""Engine key → engine. Engines are made on first use, so naming one loads no model library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from workers.engines.contract import (
    NOISE_SOURCES,
    Capability,
    EngineUnavailable,
    ImageGenerator,
)
from workers.engines.errors import NOT_CONFIGURED

EngineFactory = Callable[[], ImageGenerator]

HOUSE = "house"
HOUSE_CAPABILITY = Capability(
    engine=HOUSE,
    reproducible=True,
    schedulers=frozenset({"dpmpp_2m", "dpmpp_2m_karras", "euler", "ddim", "unipc"}),
    min_side=256,  # the only size it was trained at
    max_side=256,
    size_multiple=64,
    max_steps=50,
    max_guidance=15.0,
    noise_sources=NOISE_SOURCES,
    max_batch=4,
)


class EngineRegistry:
    """The engines one worker offers; each is built once and kept."""

    def __init__(self, factories: Mapping[str, EngineFactory]) -> None:
        self._factories = dict(factories)
        self._built: dict[str, ImageGenerator] = {}

    def keys(self) -> frozenset[str]:
        """Keys that `get` accepts."""
        return frozenset(self._factories)

    def get(self, key: str) -> ImageGenerator:
        """The engine of that key. Raises EngineUnavailable when this worker has none such."""
        if key not in self._built:
            factory = self._factories.get(key)
            if factory is None:
                raise EngineUnavailable(f"this worker has no engine {key!r}", code=NOT_CONFIGURED)
            self._built[key] = factory()
        return self._built[key]


def build_registry(house_model_dir: Path) -> EngineRegistry:
    """The engines that need nothing but this machine: the house model's pipeline folder."""
    return EngineRegistry({HOUSE: lambda: _house_engine(house_model_dir)})


def _house_engine(folder: Path) -> ImageGenerator:
    # Here and not above: the module pulls in torch, which the web and most workers do without.
    from workers.engines.diffusers_engine import DiffusersEngine

    # The house model draws landscapes only and has no checker to begin with.
    return DiffusersEngine(
        HOUSE_CAPABILITY, folder, model_id="bracket/house-model", safety_checker=False
    )
