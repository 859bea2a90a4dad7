"""The owner's guide names every type of event that is acted upon, at the endpoint it comes to."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from marketplace.stripe_events.dispatch import ACCOUNT_HANDLERS, BOTH_HANDLERS, PLATFORM_HANDLERS

GUIDE = Path(__file__).parents[3] / "docs" / "payments.md"
V2 = {name for name in ACCOUNT_HANDLERS if name.startswith("v2.")}
ALSO_AS_ANOTHER = {"charge.refund.updated"}
"""The old name of refund.updated: Stripe sends both, so only one is registered."""


def registered(address: str) -> list[str]:
    """Patterns of the types in an endpoint's row; `.failed` continues the name before it."""
    (row,) = re.findall(rf"^\| `{address}` \|[^|]*\|([^|]*)\|", GUIDE.read_text(), re.M)
    names: list[str] = []
    for name in re.findall(r"`([^`]+)`", row):
        if name.startswith("."):
            name = names[-1].rpartition(".")[0] + name
        elif name.startswith("…"):
            name = names[-1].rpartition(".")[0] + "." + name[1:]
        names.append(name)
    return [name.replace("[", "[[]") for name in names]


@pytest.mark.parametrize(
    ("address", "handled"),
    [
        ("/webhooks/stripe", {*PLATFORM_HANDLERS, *BOTH_HANDLERS} - ALSO_AS_ANOTHER),
        ("/webhooks/stripe-connect", {*ACCOUNT_HANDLERS, *BOTH_HANDLERS} - V2),
        ("/webhooks/stripe-v2", V2),
    ],
)
def test_what_is_acted_upon_is_what_is_registered(address: str, handled: set[str]) -> None:
    patterns = registered(address)
    missing = {name for name in handled if not any(fnmatchcase(name, p) for p in patterns)}
    assert missing == set()
    useless = {p for p in patterns if not any(fnmatchcase(name, p) for name in handled)}
    assert useless == set()
