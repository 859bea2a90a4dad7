"""At most one loaded pipeline per process: loading, hashing the weights, eviction."""

from __future__ import annotations

import gc
import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffusers
import torch

from workers.engines import failures
from workers.engines.contract import EngineUnavailable
from workers.engines.errors import WEIGHTS_CORRUPT, WEIGHTS_MISSING
from workers.engines.families import Family, family_of
from workers.engines.quiet import silence_model_libraries

_WEIGHTS = ("*.safetensors",)
# Configurations, vocabularies and merges: they decide pixels as much as the weights do.
_CONFIGS = ("*.json", "*.txt", "*.model")
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """Which pipeline to hold: its folder, where and in what precision it runs.

    `expected_weights_sha256` is the only digest that its weights may have; empty: any.
    """

    folder: Path
    device: str
    dtype: torch.dtype
    safety_checker: bool
    expected_weights_sha256: str = ""


@dataclass(frozen=True, slots=True)
class LoadedPipeline:
    """A pipeline ready to run, its digests, and the scheduler configuration it came with.

    Hold `lock` while running: a pipeline carries its scheduler and so serves one image at a time.
    """

    pipeline: Any  # a text-to-image DiffusionPipeline; its parts are attributes set at run time
    family: Family
    scheduler_config: Mapping[str, Any]
    weights_sha256: str
    config_sha256: str
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


class PipelineCache:
    """Holds the last pipeline asked for; another one, or changed files, replace it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[PipelineSpec, tuple[Any, ...]] | None = None
        self._loaded: LoadedPipeline | None = None

    def get(self, spec: PipelineSpec) -> LoadedPipeline:
        """The loaded pipeline, from memory when spec and files are unchanged.

        Raises EngineUnavailable when the folder is missing, does not load, or holds other
        weights than it should; its code says which.
        """
        with self._lock:
            key = (spec, _stamp(spec.folder))
            if self._loaded is not None and self._key == key:
                return self._loaded
            self._drop()  # before loading: two pipelines may not fit in memory
            self._loaded = _load(spec)
            self._key = key
            return self._loaded

    def clear(self) -> None:
        """Release the pipeline and its memory."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        self._key = self._loaded = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


SHARED_CACHE = PipelineCache()
"""The worker process's one cache, shared by all its engines."""


def digest_of(folder: Path, patterns: Iterable[str]) -> str:
    """SHA-256 over the matching files below `folder`: each one's relative path and content,
    in sorted order, so that neither a renamed nor an exchanged file goes unseen."""
    total = hashlib.sha256()
    for path in _files(folder, patterns):
        one = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_READ_BYTES):
                one.update(chunk)
        total.update(f"{path.relative_to(folder).as_posix()}\0{one.hexdigest()}\n".encode())
    return total.hexdigest()


def _files(folder: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in folder.rglob(pattern)})


def _stamp(folder: Path) -> tuple[Any, ...]:
    """Cheap to take for every image: notices weights replaced under a running worker."""
    return tuple(
        (path.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns)
        for path in _files(folder, _WEIGHTS + _CONFIGS)
        for stat in (path.stat(),)
    )


def _load(spec: PipelineSpec) -> LoadedPipeline:
    index = spec.folder / "model_index.json"
    if not index.is_file():
        raise EngineUnavailable(
            f"no pipeline in {spec.folder}: model_index.json is missing", code=WEIGHTS_MISSING
        )
    silence_model_libraries()
    try:
        # Hashed before loading, so that a folder swapped in between is noticed by its stamp.
        weights, config = digest_of(spec.folder, _WEIGHTS), digest_of(spec.folder, _CONFIGS)
        _check_digest(spec, weights)
        # The attribute imports the pipelines only now, when their notices (no torchvision, say)
        # are silenced.
        pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(
            str(spec.folder), **_load_options(spec, index)
        ).to(spec.device)
    except failures.MODEL_FAILURES as error:
        raise EngineUnavailable(
            f"the pipeline in {spec.folder} does not load: {failures.where(error)}",
            code=failures.load_failure_code(spec.folder, error),
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    if getattr(pipeline, "watermark", None) is not None:
        pipeline.watermark = None  # pixels must not depend on an optional package
    return LoadedPipeline(
        pipeline, family_of(pipeline), dict(pipeline.scheduler.config), weights, config
    )


def _check_digest(spec: PipelineSpec, found: str) -> None:
    expected = spec.expected_weights_sha256
    if expected and found != expected:
        raise EngineUnavailable(
            f"the weights in {spec.folder} digest to {found[:12]}, not to {expected[:12]}",
            code=WEIGHTS_CORRUPT,
        )


def _load_options(spec: PipelineSpec, index: Path) -> dict[str, Any]:
    options: dict[str, Any] = {
        "dtype": spec.dtype,
        "local_files_only": True,
        "use_safetensors": True,  # a pickled checkpoint runs code when it is read
    }
    if not spec.safety_checker and "safety_checker" in json.loads(index.read_text("utf-8")):
        options |= {"safety_checker": None, "requires_safety_checker": False}
    if _only_half_precision_files(spec.folder):
        options["variant"] = "fp16"
    return options


def _only_half_precision_files(folder: Path) -> bool:
    names = [path.name for path in _files(folder, _WEIGHTS)]
    return bool(names) and all(".fp16." in name for name in names)
