"""A database whose clock is the town's: made once, for another clock changes forty tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.postgres import Postgres
from marketplace.core.database import Database
from tests.fixtures.emptying import EmptiedDatabase
from tests.properties.money.clock import give_own_time


@pytest.fixture(scope="session")
def _towns(migrated_template: Postgres) -> Iterator[EmptiedDatabase]:
    with EmptiedDatabase(migrated_template, give_own_time) as database:
        yield database


@pytest.fixture
def town_database(_towns: EmptiedDatabase) -> Iterator[Database]:
    """An empty database for one town; emptied afterwards."""
    yield _towns.view()
    _towns.restore()
