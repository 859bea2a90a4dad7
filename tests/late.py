"""Modules that are slow to import, imported when a test first uses them.

The model libraries take eight seconds of processor time, and every test process imports every test.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest

MODEL_LIBRARIES = frozenset({"torch", "diffusers", "transformers"})
LOADED_EARLY = pytest.StashKey[frozenset[str]]()
"""Which of them were there when all tests had been collected."""


class Late:
    """Stands for a module: `torch = Late("torch")`, and `torch.zeros` imports it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # pytest looking for fixtures, not a test
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)
