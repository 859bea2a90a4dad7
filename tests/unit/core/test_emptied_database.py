"""The database that tests share one after another is like new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from local.postgres import Postgres
from tests.fixtures.emptying import EmptiedDatabase


@pytest.fixture
def database(migrated_template: Postgres) -> Iterator[EmptiedDatabase]:
    with EmptiedDatabase(migrated_template) as made:
        yield made


CATEGORY = "INSERT INTO categories (slug, name, blurb, position) VALUES ('{}', 'A shelf', '', 1)"


def run(database: EmptiedDatabase, statement: str) -> list[tuple[object, ...]]:
    address = database.url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def test_rows_go_and_what_the_migrations_put_in_comes_back(database: EmptiedDatabase) -> None:
    version = run(database, "SELECT version_num FROM alembic_version")
    run(database, "UPDATE alembic_version SET version_num = 'another'")
    run(database, CATEGORY.format("c"))
    before = database.url
    database.restore()
    assert database.url == before
    assert run(database, "SELECT version_num FROM alembic_version") == version
    assert run(database, "SELECT * FROM categories") == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users ADD COLUMN odd integer",
        "CREATE INDEX odd ON users (email)",
        "ALTER TABLE categories DISABLE TRIGGER ALL",
        "ALTER TABLE order_lines DROP CONSTRAINT ck_order_lines_split_is_exact",
    ],
)
def test_a_changed_schema_costs_a_new_copy(database: EmptiedDatabase, change: str) -> None:
    before = database.url
    run(database, change)
    database.restore()
    assert database.url != before


def test_a_connection_left_open_does_not_stand_in_the_way(database: EmptiedDatabase) -> None:
    with psycopg.connect(database.url.replace("+psycopg", "")) as left_open:
        left_open.execute(CATEGORY.format("c"))
        run(database, CATEGORY.format("d"))
        database.restore()
        assert run(database, "SELECT * FROM categories") == []
        left_open.close()


def test_rows_that_were_kept_are_put_back_and_numbers_go_on(database: EmptiedDatabase) -> None:
    run(database, CATEGORY.format("c"))
    run(database, "SELECT setval(seqrelid, 41) FROM pg_sequence")
    kept = database.rows()
    assert not database.is_as_migrated()
    database.restore()
    assert database.is_as_migrated()
    run(database, "SELECT setval(seqrelid, 7) FROM pg_sequence")
    database.put(kept)
    assert run(database, "SELECT slug FROM categories") == [("c",)]
    assert set(run(database, "SELECT last_value FROM pg_sequences")) == {(41,)}
    run(database, "SELECT setval(seqrelid, 43) FROM pg_sequence")
    database.put(kept)
    assert set(run(database, "SELECT last_value FROM pg_sequences")) == {(43,)}
