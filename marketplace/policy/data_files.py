"""The lists that the checks read: JSON files beside the code, validated when they are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent / "data"


class Strict(BaseModel):
    """A record that refuses fields nobody declared, and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


def load(model: type[M], name: str) -> M:
    """One data file as its model.

    Raises:
        pydantic.ValidationError: naming every field that is not as it should be.
    """
    return model.model_validate_json((FOLDER / name).read_bytes())
