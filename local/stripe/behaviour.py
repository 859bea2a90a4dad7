"""What Stripe leaves open or decides by itself, as switches of the control page."""

from __future__ import annotations

from typing import Any

from local.stripe.store import Body
from local.stripe.world import World

_SETTING = "behaviour"

# The first choice of each is the default.
CHOICES: dict[str, tuple[Any, ...]] = {
    # What becomes of new refunds; None leaves it to the card.
    "refund": (None, "pending", "fails"),
    # A refund larger than the whole balance: goes below zero (a bank account stands behind the
    # balance), or waits until there is money.
    "refund_when_short": ("succeed", "pending"),
    # Reversals an account's balance does not cover: make it negative, or are refused.
    "reversal_when_short": ("negative", "refuse"),
    # Whether what was reversed may be transferred from the same charge again.
    "source_counts": ("net", "gross"),
    # What becomes of new payouts; None leaves it to the bank account.
    "payout": (None, "fails", "fails_after_paid"),
}


class BadChoiceError(Exception):
    """A switch or a position that does not exist; the message says which do."""


def of(world: World) -> dict[str, Any]:
    """All switches as they stand."""
    stored: dict[str, Any] = world.store.setting(_SETTING) or {}
    return {name: stored.get(name, choices[0]) for name, choices in CHOICES.items()}


def change(world: World, wanted: Any) -> dict[str, Any]:
    """Move some switches and return all. Raises `BadChoiceError`, then leaving all as they were."""
    if not isinstance(wanted, dict):
        raise BadChoiceError("Send a hash of switches.")
    for name, value in wanted.items():
        if name not in CHOICES:
            raise BadChoiceError(f"There is no switch {name}: {', '.join(CHOICES)}.")
        if value not in CHOICES[name]:
            known = ", ".join(str(choice) for choice in CHOICES[name])
            raise BadChoiceError(f"{name} must be one of {known}.")
    now = of(world) | wanted
    world.store.set_setting(_SETTING, now)
    return now


def reset(world: World) -> None:
    """Every switch back to its default."""
    world.store.set_setting(_SETTING, {})


def merged(metadata: Body, change: Any) -> Body:
    """Metadata after an update: keys are merged, an empty value removes one, "" removes all."""
    if change is None:
        return metadata
    if change == "":
        return {}
    return {key: value for key, value in (metadata | change).items() if value != ""}
