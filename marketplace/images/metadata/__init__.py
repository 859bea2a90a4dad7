"""Generation settings out of pictures: a table of field, value and where from.

Never trusted, never blocking, never raising: a hostile file costs a bounded amount of work and
gives an empty table. Nothing is logged, for what is read is somebody's prompt.
"""

from marketplace.images.metadata.read import read_settings
from marketplace.images.metadata.settings import (
    FIELDS,
    Confidence,
    Found,
    GenerationSettings,
    Lora,
    Origin,
    Row,
)

__all__ = [
    "FIELDS",
    "Confidence",
    "Found",
    "GenerationSettings",
    "Lora",
    "Origin",
    "Row",
    "read_settings",
]
