"""What anyone may see of a listing and its settings, in the words the pages use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from marketplace.listings.catalogue import scheduler_name
from marketplace.listings.models import ListingVersion


def settings_rows(version: ListingVersion) -> list[tuple[str, str]]:
    """The settings a prompt was made with, as name and value; only those its model has."""
    model = version.target_model
    rows = []
    if model.takes_settings:
        rows += [
            ("Steps", str(version.steps)),
            ("Guidance", f"{version.guidance:g}"),
            ("Scheduler", scheduler_name(version.scheduler)),
        ]
    rows += [(name.capitalize(), str(value)) for name, value in sorted(model.options.items())]
    if model.engine != "none":
        rows.append(("Size", f"{version.width} × {version.height} px"))
    return rows


def variable_names(version: ListingVersion) -> list[str]:
    """Names of the prompt's variables in order of first appearance."""
    return [variable["name"] for variable in version.variables]


def ordered_values(values: Mapping[str, str], names: Sequence[str]) -> list[tuple[str, str]]:
    """A sample's values in the order of the prompt's variables (JSON keeps none)."""
    return [(name, values[name]) for name in names if name in values]
