"""The few properties of an XMP packet that tools put settings in.

Found by plain search, not with an XML parser: no entity is expanded, nothing is fetched, nothing
nests. What is found is the text between a property's tags with inner tags taken out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from marketplace.images.metadata.work import Work

_PROPERTIES = (
    "exif:UserComment",
    "dc:description",
    "xmp:CreatorTool",
    "Iptc4xmpExt:DigitalSourceType",
    "tiff:ImageDescription",
)
_TAG = re.compile(r"<[^<>]*+>")


def xmp_texts(packet: str, work: Work) -> Iterator[tuple[str, str]]:
    """(property, text) of each known property's first occurrence, as element or attribute."""
    for name in _PROPERTIES:
        work.step()
        raw = _element(packet, name) or _attribute(packet, name)
        text = html.unescape(raw).strip()
        if text:
            yield name, text


def _element(packet: str, name: str) -> str:
    start = packet.find(f"<{name}")
    inside = packet.find(">", start) + 1 if start >= 0 else 0
    end = packet.find(f"</{name}>", inside) if inside else -1
    return _TAG.sub("", packet[inside:end]) if end >= 0 else ""


def _attribute(packet: str, name: str) -> str:
    start = packet.find(f'{name}="')
    inside = start + len(name) + 2
    end = packet.find('"', inside) if start >= 0 else -1
    return packet[inside:end] if end >= 0 else ""
