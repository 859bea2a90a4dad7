"""Tiers of proof: what a target model lets us promise about a listing. One badge, one meaning."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """How a listing on a target model is proved, from the strongest promise to none."""

    EXACT = "exact"
    PERCEPTUAL = "perceptual"
    DISTRIBUTIONAL = "distributional"
    ATTESTED = "attested"
    ARCHIVED = "archived"

    @property
    def label(self) -> str:
        """The word on the badge."""
        return self.value.capitalize()

    @property
    def meaning(self) -> str:
        """One sentence for everybody: what this tier says, and by that what it does not."""
        return _MEANINGS[self]

    @property
    def is_rerun(self) -> bool:
        """True when we run the model ourselves before a listing may go live."""
        return self in (Tier.EXACT, Tier.PERCEPTUAL, Tier.DISTRIBUTIONAL)

    @property
    def hands(self) -> int:
        """How many different moderators must approve a listing."""
        return 2 if self is Tier.ATTESTED else 1


_MEANINGS = {
    Tier.EXACT: "We re-ran the samples with their seeds on our own copy of the model, which on one "
    "kind of machine gives the same picture every time, down to rounding.",
    Tier.PERCEPTUAL: "We re-ran the samples with their seeds; because machines differ in detail, "
    "the pictures have to agree within a measured band rather than pixel for pixel.",
    Tier.DISTRIBUTIONAL: "The model takes no seed, so we made several pictures from the prompt and "
    "tested whether the samples belong among them; no single sample was remade.",
    Tier.ATTESTED: "We cannot run this model, so nothing was re-run: we searched the samples for "
    "copies, and two moderators looked at them separately.",
    Tier.ARCHIVED: "The model has been switched off by its maker, so its prompts can neither be "
    "verified nor bought until their seller moves them to another model.",
}


class Determinism(StrEnum):
    """What a seed decides under one scheduler of a model."""

    ODE = "ode"
    """Everything: all noise is drawn at the start."""
    SDE = "sde"
    """Only the start: the scheduler draws new noise at every step."""
    NONE = "none"
    """Nothing: the model takes no seed."""


def tier_under(tier: Tier, determinism: Determinism) -> Tier:
    """The tier that a model's declared tier leaves under a scheduler of that determinism.

    Where noise is drawn at every step, or no seed is taken, a picture cannot be remade one for
    one, so the seeded tiers fall to DISTRIBUTIONAL; the others stay what they are.
    """
    seeded = tier in (Tier.EXACT, Tier.PERCEPTUAL)
    return Tier.DISTRIBUTIONAL if seeded and determinism is not Determinism.ODE else tier
