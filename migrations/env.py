"""Alembic's entry: one transaction per migration, under a lock, with time limits."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

from marketplace.registry import METADATA

# Any constant works; it only has to be the same in every process that migrates.
ADVISORY_LOCK = 7_264_001


def run() -> None:
    """Migrate over one connection that holds the advisory lock."""
    engine = create_engine(context.config.attributes["database_url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SET statement_timeout = '10min'"))
        connection.execute(text(f"SELECT pg_advisory_lock({ADVISORY_LOCK})"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            compare_type=True,
            compare_server_default=False,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
