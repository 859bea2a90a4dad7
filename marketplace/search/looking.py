"""Our pictures' looks: computed by workers from the public files, stored beside their hashes."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import Any

from PIL import Image
from sqlalchemy import bindparam, select, update

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.blobs import BlobMissingError, BlobStore, public_key
from marketplace.search.looks import image_encoder_of, padded
from marketplace.search.models import SearchPicture

log = logging.getLogger(__name__)


def look_at(parts: Services, picture_ids: Sequence[str]) -> None:
    """Encode these pictures; one whose file is gone stays without a look, found by its hash."""
    encoder = image_encoder_of(parts.settings)
    with unit_of_work(parts.database) as session:
        query = select(SearchPicture.id, SearchPicture.derivatives).where(
            SearchPicture.id.in_(picture_ids)
        )
        found = session.execute(query).all()
    rows = []
    for row in found:
        image = _opened(parts.blobs, row.derivatives)
        if image is not None:
            look = padded(encoder.encode(image))
            rows.append({"picture": row.id, "new_look": look, "name": encoder.name})
    if rows:
        # By the table, not the class: the ORM's bulk update knows primary keys only.
        table: Any = SearchPicture.__table__
        with unit_of_work(parts.database) as session:
            session.connection().execute(
                update(table)
                .where(table.c.id == bindparam("picture"))
                .values(look=bindparam("new_look"), look_by=bindparam("name")),
                rows,
            )


def _opened(blobs: BlobStore, derivatives: Sequence[dict[str, Any]]) -> Image.Image | None:
    try:
        data = blobs.get(public_key(derivatives[-1]["jpeg"]))
        with Image.open(io.BytesIO(data)) as image:
            return image.convert("RGB")
    except (BlobMissingError, OSError, ValueError, KeyError) as error:
        log.warning("a public picture cannot be read: %s", type(error).__name__)
        return None
