"""Too specific and too simple, by numbers."""

from __future__ import annotations

import pytest

from marketplace.policy import Severity, Submission
from marketplace.policy.breadth import measure
from tests.unit.policy.quiet import checked, codes

SHAPE = {"TOO_SPECIFIC", "TOO_SIMPLE"}


def test_homer_on_the_beach() -> None:
    found = {f.code: f.severity for f in checked("Homer Simpson on the beach in watercolor")}
    assert found == {"THIRD_PARTY_IP": Severity.HARD, "TOO_SPECIFIC": Severity.HARD}


def test_anybody_on_the_beach() -> None:
    assert codes("[character] on the beach in watercolor") == set()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("[animal]", {"TOO_SIMPLE"}),
        ("a photo of [thing], masterpiece, 8k, highly detailed", {"TOO_SIMPLE"}),
        ("a dog", {"TOO_SIMPLE", "TOO_SPECIFIC"}),
        ("a red fox in snow, paper-cut", {"TOO_SPECIFIC"}),
        ("[animal] in stained glass", set()),
        ("cup of [finish: matt glaze | matt glaze.] on oak", {"TOO_SPECIFIC"}),
        ("cup with [finish: matt | glossy] glaze on oak", set()),
        ("Aunt Margaret Willoughby of Lower Slaughter with a [hat]", {"TOO_SPECIFIC"}),
    ],
)
def test_shapes(template: str, expected: set[str]) -> None:
    assert codes(template) & SHAPE == expected


def test_bits_of_fills() -> None:
    submission = Submission("wool [a: x1 | y2 | z3 | w4] and [b: m | n] and [thing]")
    assert measure(submission, []).bits == pytest.approx(2 + 1 + 6)


def test_variables_that_change_nothing_are_no_fills() -> None:
    template = "paper cup with a [finish: matt | glossy] rim, window light"
    (finding,) = checked(template, idle_variables=frozenset({"finish"}))
    assert finding.code == "TOO_SPECIFIC"
    assert "1 variable changed nothing" in finding.explanation
