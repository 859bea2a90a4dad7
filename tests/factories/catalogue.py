"""The shelves and target models that a shop begins with."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.listings.catalogue import load_catalogue
from marketplace.listings.models import Category

TABLES = ("categories", "target_models")
_rows: dict[str, bytes] = {}


def stock_catalogue(session: Session) -> None:
    """What ``load_catalogue`` leaves in a database without one; copied but for the first time.

    Loading compiles a statement of a thousand values each time, and a thousand tests need it.
    """
    if session.get(Category, "wallpapers") is not None:
        return
    if not _rows:
        load_catalogue(session)
    connection = session.connection().connection.driver_connection
    assert connection is not None
    for table in TABLES:
        if table in _rows:
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as sink:
                sink.write(_rows[table])
        else:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as source:
                _rows[table] = b"".join(bytes(part) for part in source)
