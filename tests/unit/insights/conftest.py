"""A clerk who counts in the application under test, and writes only when told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from marketplace.core.database import Database
from marketplace.insights.counting import Clerk, count_with


class Patient(Clerk):
    """Starts no thread: tests write when they mean to."""

    def __init__(self) -> None:
        super().__init__(seconds=1.0)

    def wake(self, database: Database) -> None:
        """Nothing."""


@pytest.fixture
def clerk(csrf_app: Flask) -> Iterator[Clerk]:
    """What is counted from here on."""
    patient = Patient()
    count_with(csrf_app, patient)
    yield patient
    count_with(csrf_app, None)
