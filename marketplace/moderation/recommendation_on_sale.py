"""What the machine would do with something on sale that has come up, and why. Pure; advice only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from marketplace.moderation.complaints.models import REASON_TEXTS, Reason
from marketplace.moderation.recommendation import Advice, Recommendation
from marketplace.moderation.states import ReasonCode

_CODES = {
    Reason.COPIED: ReasonCode.SAMPLE_STOLEN,
    Reason.MISLEADING: ReasonCode.MISLEADING_TEXT,
    Reason.OFFENSIVE: ReasonCode.OFFENSIVE,
    Reason.REAL_PERSON: ReasonCode.REAL_PERSON,
    Reason.SPAM: ReasonCode.SPAM,
}


def recommend_on_sale(
    reports: Sequence[Reason], questions: Sequence[str], banned: Sequence[tuple[str, str]]
) -> Recommendation:
    """A banned picture goes; what people say, and what a re-run left open, is looked at.

    Args:
        reports: what each person chose from the closed list.
        questions: why each re-verification was left to a person.
        banned: reason code and sentence of each picture that was banned elsewhere.
    """
    counted = Counter(reports).most_common()
    reasons = [said for _, said in banned]
    reasons += [f"{_people(number)}: “{REASON_TEXTS[reason]}”." for reason, number in counted]
    reasons += [f"Run again after its model changed. {said}" for said in questions]
    known = [code for code, _ in banned if code in set(ReasonCode)]
    if known:
        return Recommendation(Advice.REJECT, tuple(reasons), ReasonCode(known[0]))
    if not reasons:
        return Recommendation(Advice.APPROVE, ("Nothing that came up is left to be answered.",))
    code = next((_CODES[reason] for reason, _ in counted if reason in _CODES), None)
    return Recommendation(Advice.LOOK, tuple(reasons), code)


def _people(number: int) -> str:
    return "1 person says" if number == 1 else f"{number} people say"
