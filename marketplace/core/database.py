"""The engine, the declarative base and the session factory; committing lives elsewhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table; names of constraints are predictable."""

    metadata = MetaData(naming_convention=NAMING)

    def __repr__(self) -> str:
        # Only the key: a row may hold what must never reach a log.
        return f"<{type(self).__name__} {getattr(self, 'id', '?')}>"


class Database:
    """One engine and its sessions.

    Args:
        url: a postgresql+psycopg:// address.
        pool_size: connections kept; each web thread and worker needs one, and a second for the part
            of a search that runs beside the rest (search/beside.py).
    """

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.engine = create_engine(
            url,
            pool_size=pool_size,
            # The connection used last: its caches are still warm, those of the others cold.
            pool_use_lifo=True,
            max_overflow=10,
            pool_pre_ping=True,  # the server may have been restarted since the last use
            # Parameters are kept out of error messages: they may hold a prompt's text.
            hide_parameters=True,
            connect_args={
                "connect_timeout": 5,
                # A request that waits this long for a lock is better told so than left hanging.
                "options": "-c lock_timeout=10000 -c statement_timeout=30000 -c timezone=UTC "
                # A plan that fits every word and filter fits none: each is planned for itself.
                "-c plan_cache_mode=force_custom_plan "
                # How far nearest-neighbour search looks, as search/matching.py means it; here and
                # not in a statement of its own before each search.
                "-c hnsw.ef_search=120 -c hnsw.iterative_scan=relaxed_order "
                "-c hnsw.max_scan_tuples=20000",
            },
        )
        self._factory: sessionmaker[Session] = sessionmaker(self.engine, expire_on_commit=False)

    def new_session(self, **options: Any) -> Session:
        """A fresh session; give it to unit_of_work, which closes it."""
        return self._factory(**options)

    def answers(self) -> bool:
        """True when the server executes a query."""
        with self.engine.connect() as connection:
            return bool(connection.execute(text("select true")).scalar())

    def dispose(self) -> None:
        """Close all pooled connections (end of a process, end of a test)."""
        self.engine.dispose()
