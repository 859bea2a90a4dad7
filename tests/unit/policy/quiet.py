"""A tone that finds nothing offensive: the classifier takes a second to load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marketplace.policy import Finding, Submission, check

PLAIN: dict[str, Any] = {
    "title": "Quiet small scenes",
    "description": "One look for many subjects; the light and the palette stay the same always.",
    "tags": ("quiet", "scene"),
}


class Quiet:
    """Takes everything for friendly."""

    def offensive(self, texts: Sequence[str]) -> list[float]:
        """No doubt about any text."""
        return [0.0] * len(texts)


def checked(template: str, **fields: Any) -> list[Finding]:
    """What the rules find in a submission that is unremarkable but for what is given."""
    return check(Submission(template=template, **(PLAIN | fields)), Quiet())


def codes(template: str, **fields: Any) -> set[str]:
    """The codes alone."""
    return {finding.code for finding in checked(template, **fields)}
