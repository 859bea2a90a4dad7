"""The guidelines for sellers, made from the reason codes: as a document and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from marketplace.policy.codes import (
    POINTS_LAST_DAYS,
    SUSPEND_AT,
    SUSPENDED_DAYS,
    ReasonCode,
    reason_codes,
)
from marketplace.policy.findings import Severity

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "guidelines.md"
TITLE = "What Bracket sells, and what it does not"
INTRODUCTION = (
    "Every listing is checked by machines before a person looks at it: its title, summary, "
    "description, tags, prompt, negative prompt and every choice of every variable. A check only "
    "points at something; it never rejects. A moderator reads the findings beside your listing and "
    "decides, and whatever is decided you read why, where, and how to mend it.",
    "You can be asked for changes, which costs nothing, or be rejected. Some rejections bring "
    f"points against a shop for {POINTS_LAST_DAYS} days; from {SUSPEND_AT} on it submits nothing "
    f"for {SUSPENDED_DAYS} days. Points go when an appeal is right.",
    "Below is the whole list of reasons. There are no others.",
)
WEIGHTS = {
    Severity.HARD: "As a rule this cannot be sold until it is mended.",
    Severity.SOFT: "Somebody looks at it; often it is fine.",
    Severity.NOTE: "Advice.",
}


def consequences(code: ReasonCode) -> str:
    """Weight, and what a seller can do afterwards, in one line."""
    again = "Mend it and submit again." if code.resubmit else "It cannot be submitted again."
    appeal = " You can appeal: another moderator looks at it." if code.appeal else ""
    alone = " No moderator can wave it through alone." if code.hands > 1 else ""
    plural = "s" if code.points != 1 else ""
    points = f" A rejection counts {code.points} point{plural}." if code.points else ""
    return f"{WEIGHTS[code.severity]} {again}{appeal}{alone}{points}"


def markdown() -> str:
    """The document as it stands in docs/guidelines.md."""
    return "\n".join(_lines()) + "\n"


def write(path: Path = DOCUMENT) -> Path:
    """Write the document; returns where."""
    path.write_text(markdown(), encoding="utf-8")
    return path


def _lines() -> Iterator[str]:
    codes = reason_codes()
    yield f"# {TITLE}"
    yield ""
    yield (
        "<!-- Made by `flask policy guidelines` from marketplace/policy/data/reason_codes.json; "
        "edit that file instead. -->"
    )
    for paragraph in INTRODUCTION:
        yield ""
        yield paragraph
    for code in codes:
        yield ""
        yield f"## {code.number}. {code.name}"
        yield ""
        yield f"`{code.key}`"
        yield ""
        yield f"**{code.rule}**"
        yield ""
        yield f"{code.seller_text} {code.fix_hint}"
        yield ""
        yield f"How it is found: {code.how}"
        for word, examples in (("Fine", code.good), ("Not like this", code.bad)):
            for example in examples:
                yield ""
                yield f"- {word}: `{example}`"
        yield ""
        yield consequences(code)
    yield ""
    yield f"Version {codes.version} of the list."
