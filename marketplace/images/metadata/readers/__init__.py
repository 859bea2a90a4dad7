"""One module per tool: `read(file, work)` gives a Reading, or None where the tool left nothing.

Readers take any value of any type out of foreign JSON and hand it to `Reading.put`, which checks.
"""

from collections.abc import Callable

from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.readers import (
    a1111,
    comfyui,
    fooocus,
    invokeai,
    midjourney,
    novelai,
    swarmui,
)
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.work import Work

READERS: tuple[Callable[[Embedded, Work], Reading | None], ...] = (
    swarmui.read,
    fooocus.read,
    invokeai.read,
    novelai.read,
    a1111.read,
    comfyui.read,
    midjourney.read,
)
"""In the order that decides between readings of equal size."""

__all__ = ["READERS"]
