"""The last step's lights: every check that needs no worker, each with the place that mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.checks import Problem
from marketplace.listings.hints import Hint
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.presenters import payout_note
from marketplace.listings.wizard.steps import home_of
from marketplace.listings.words import Words, words_of
from marketplace.policy import Submission, check
from marketplace.policy.codes import code_of
from marketplace.policy.findings import Severity

STEP_OF_FIELD = {"template": "prompt", "model": "model"}
ANCHORS = {"template": "prompt", "model": "target_model"}
"""Of a finding's field: the step and the input that mend it; the others are as they are called."""


class Light(StrEnum):
    """What a check says."""

    GREEN = "green"
    AMBER = "amber"
    """Submitting is possible; a moderator may ask."""
    RED = "red"
    """To be mended first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One remark; ``step`` and ``anchor`` are the place that mends it."""

    message: str = field(repr=False)
    step: str | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One light with what it has to say; ``when_green`` is said where there is nothing."""

    name: str
    light: Light
    when_green: str
    lines: tuple[Line, ...] = ()


def checks_of(
    session: Session,
    vault: PromptVault,
    listing: Listing,
    version: ListingVersion,
    problems: Sequence[Problem],
    hints: Sequence[Hint],
) -> list[Check]:
    """All checks of a draft, in the order of the steps.

    Args:
        problems: everything that keeps it from being submitted (readiness_problems).
        hints: the lint's remarks on its prompt.
    """
    red: dict[str, list[Line]] = {}
    for problem in problems:
        step, anchor = _place(problem, version)
        red.setdefault(step, []).append(Line(problem.message, step, anchor))
    prompt = vault.open(version.prompt_sealed)
    amber: dict[str, list[Line]] = {
        "model": _about_model(version),
        "prompt": [
            Line(f"{hint.explanation} {hint.suggestion}", "prompt", "prompt")
            for hint in hints
            if hint.is_warning
        ],
        "describe": _about_words(words_of(listing, version)),
        "samples": _about_samples(version),
    }
    found = [
        _check(name, when_green, red.get(step, []), amber.get(step, []))
        for step, name, when_green in _PARTS
    ]
    rules = list(_about_rules(vault, listing, version, prompt)) if prompt else []
    found.append(
        _check("The shop’s rules", "The words break no rule that we can check.", [], rules)
    )
    twins = _twins(session, listing, version) if prompt else []
    found.append(_check("Novelty", "No other listing has this prompt.", [], twins))
    paid = payout_note(listing.seller)
    lines = [Line(paid)] if paid else []
    found.append(_check("Getting paid", "Your payouts are set up.", [], lines))
    return found


def worst(checks: Sequence[Check]) -> Light:
    """Red where anything is red, else amber where anything is, else green."""
    lights = {check.light for check in checks}
    return next((light for light in (Light.RED, Light.AMBER) if light in lights), Light.GREEN)


_PARTS = (
    ("model", "Model and settings", "The model can be chosen, and takes these settings."),
    ("prompt", "Prompt", "It can be read, and the lint has no warning."),
    ("describe", "Words", "Title, description and the rest are in order."),
    ("samples", "Samples", "Each has its values, and its seed where the model takes one."),
    ("price", "Price and licence", "Both are chosen."),
)


def _check(name: str, when_green: str, red: list[Line], amber: list[Line]) -> Check:
    light = Light.RED if red else Light.AMBER if amber else Light.GREEN
    return Check(name, light, when_green, (*red, *amber))


def _place(problem: Problem, version: ListingVersion) -> tuple[str, str]:
    """The step and the anchor where a problem is mended."""
    if problem.field is not None:
        return home_of(problem.field).slug, problem.field
    if problem.sample is not None and problem.sample <= len(version.samples):
        return "samples", f"row-{version.samples[problem.sample - 1].id}"
    if problem.code == "bad_price":
        return "price", ""
    return ("samples" if "sample" in problem.code else "model"), ""


def _about_model(version: ListingVersion) -> list[Line]:
    return [] if version.tier.is_rerun else [Line(version.tier.meaning, "model", "target_model")]


def _about_words(words: Words) -> list[Line]:
    lines = []
    if not words.tags:
        lines.append(Line("Without tags fewer people find it.", "describe", "tags"))
    if not words.summary:
        lines.append(Line("A summary in one line is shown below the title.", "describe", "summary"))
    return lines


def _about_samples(version: ListingVersion) -> list[Line]:
    """Variables that no two samples show with different values."""
    if len(version.samples) < 2:
        return []
    same = [
        variable["name"]
        for variable in version.variables
        if len({sample.values.get(variable["name"]) for sample in version.samples}) == 1
    ]
    return [
        Line(
            f"All samples have the same value of [{name}]; show what changing it does.",
            "samples",
            "samples",
        )
        for name in same
    ]


class _Deaf:
    """Says nothing of tone: that model is a hundred megabytes, and the worker asks it later."""

    def offensive(self, texts: Sequence[str]) -> list[float]:
        """Nought for each text."""
        return [0.0] * len(texts)


def _about_rules(
    vault: PromptVault, listing: Listing, version: ListingVersion, prompt: str
) -> Iterator[Line]:
    """What the policy's lists find; a finding is amber at most, for a moderator decides."""
    words = words_of(listing, version)
    submission = Submission(
        template=prompt,
        title=words.title,
        summary=words.summary,
        description=words.description,
        tags=words.tags,
        guide=vault.open(version.guide_sealed) if version.guide_sealed else "",
    )
    for finding in check(submission, _Deaf()):
        if finding.severity is Severity.NOTE:
            continue
        name = code_of(finding.code).name
        base = finding.field.partition(".")[0]
        step = STEP_OF_FIELD.get(base, "describe")
        yield Line(f"{name}: {finding.explanation} {finding.fix}", step, ANCHORS.get(base, base))


def _twins(session: Session, listing: Listing, version: ListingVersion) -> list[Line]:
    """Whether another listing's newest or sold version says the same; never which one."""
    same = (
        ListingVersion.prompt_fingerprint == version.prompt_fingerprint,
        ListingVersion.listing_id != listing.id,
    )
    if not session.scalar(select(exists(select(ListingVersion.id).where(*same)))):
        return []
    own = select(ListingVersion.id).join(ListingVersion.listing)
    mine = session.scalar(select(exists(own.where(*same, Listing.seller_id == listing.seller_id))))
    return [
        Line(
            "Another listing of yours has this very prompt."
            if mine
            else "Another listing has this very prompt. A moderator compares the two.",
            "prompt",
            "prompt",
        )
    ]
