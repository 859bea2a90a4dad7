"""Source of a target model → engine. Engines are made on first use, so naming one loads nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from marketplace.listings.catalogue import TARGET_MODELS
from workers.engines.contract import (
    NOISE_SOURCES,
    Capability,
    EngineUnavailable,
    ImageGenerator,
)
from workers.engines.errors import NOT_CONFIGURED

EngineFactory = Callable[[], ImageGenerator]

HOUSE = "house"
DIFFUSERS = "diffusers"
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


@dataclass(frozen=True, slots=True)
class PipelineEntry:
    """A row of target_models.json that the diffusers engine runs, as far as it needs to know.

    `options`: "device" ("cpu", "cuda"), "safety_checker" (default true), "bare_brackets" (read
    (text) and [text] as weights, as A1111 does), "chunks" (default true; false cuts long prompts
    off), "max_batch" and "folder" (below MODELS_DIR; the slug unless given).
    """

    slug: str
    source: str
    schedulers: tuple[str, ...]
    capability: Mapping[str, Any]
    steps_max: int
    guidance_max: float
    weights_sha256: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> PipelineEntry:
        """From a row as target_models.json holds it."""
        return cls(
            slug=row["slug"],
            source=row["source"],
            schedulers=tuple(row["schedulers"]),
            capability=row["capability"],
            steps_max=row["steps_max"],
            guidance_max=row["guidance_max"],
            weights_sha256=row.get("weights_sha256") or "",
            options=row.get("options") or {},
        )

    def limits(self) -> Capability:
        """What the engine accepts for this model."""
        return Capability(
            engine=self.slug,
            reproducible=True,
            schedulers=frozenset(self.schedulers),
            min_side=int(self.capability["min_side"]),
            max_side=int(self.capability["max_side"]),
            size_multiple=int(self.capability["size_multiple"]),
            max_steps=self.steps_max,
            max_guidance=self.guidance_max,
            noise_sources=NOISE_SOURCES,
            max_batch=int(self.options.get("max_batch", 1)),
            negative_prompt=bool(self.capability.get("negative_prompt", True)),
        )


class EngineRegistry:
    """The engines one worker offers, by source; each is built once and kept."""

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


def pipeline_entries(registry: Path = TARGET_MODELS) -> list[PipelineEntry]:
    """Every target model that the diffusers engine runs, the house model included."""
    rows = json.loads(registry.read_text(encoding="utf-8"))["target_models"]
    return [PipelineEntry.of(row) for row in rows if row["engine"] == DIFFUSERS]


def build_registry(
    house_model_dir: Path,
    models_dir: Path | None = None,
    entries: Iterable[PipelineEntry] | None = None,
    providers: Mapping[str, Callable[[], Any]] | None = None,
) -> EngineRegistry:
    """The diffusers engines of this worker: the house model, and every entry when it has a
    `models_dir`, with each model's pipeline below it. A new model is a new entry, no code.

    Entries that share a source share an engine, with the limits of the first. They are those of
    target_models.json unless given. `providers` are those of providers.provider_factories, whose
    engines draw (see draws.SetGenerator).
    """
    known = list(pipeline_entries() if entries is None else entries)
    factories: dict[str, EngineFactory] = {}
    for entry in known:
        if entry.source == HOUSE:
            factories.setdefault(HOUSE, partial(_house_engine, house_model_dir, entry))
        elif models_dir is not None:
            factories.setdefault(entry.source, partial(_pipeline_engine, models_dir, entry))
    factories.setdefault(HOUSE, partial(_house_engine, house_model_dir, None))
    return EngineRegistry({**(providers or {}), **factories})


def _pipeline_engine(models_dir: Path, entry: PipelineEntry) -> ImageGenerator:
    # Here and not above: the module pulls in torch, which the web and most workers do without.
    from workers.engines.diffusers_engine import DiffusersEngine
    from workers.engines.families import PromptOptions

    options = entry.options
    return DiffusersEngine(
        entry.limits(),
        models_dir / str(options.get("folder", entry.slug)),
        model_id=entry.source,
        device=str(options.get("device", "cpu")),
        safety_checker=bool(options.get("safety_checker", True)),
        weights_sha256=entry.weights_sha256,
        prompts=PromptOptions(
            chunks=bool(options.get("chunks", True)),
            bare_brackets=bool(options.get("bare_brackets", False)),
            token_limit=entry.capability.get("prompt_tokens"),
        ),
    )


def _house_engine(folder: Path, entry: PipelineEntry | None) -> ImageGenerator:
    from workers.engines.diffusers_engine import DiffusersEngine

    # The house model draws landscapes only and has no checker to begin with.
    return DiffusersEngine(
        HOUSE_CAPABILITY,
        folder,
        model_id="bracket/house-model",
        safety_checker=False,
        weights_sha256=entry.weights_sha256 if entry else "",
    )
