"""Keeps search up to date: thin around marketplace.search."""

from __future__ import annotations

from marketplace.search import indexing, levels
from marketplace.task_names import TaskName
from workers.app import app, services


@app.task(name=TaskName.UPDATE_SEARCH.value)
def update_search() -> None:
    """Do what has been noted: documents first, then embeddings and looks for some seconds."""
    indexing.update(services())


@app.task(name=TaskName.MEASURE_DEMAND.value)
def measure_demand() -> None:
    """Set the levels of demand anew where they have got far from their sizes."""
    levels.measure(services())
