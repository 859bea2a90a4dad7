"""The life of a case, as data, and the closed list of reasons for a rejection."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import StateMachine


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    APPROVED = "approved"
    REJECTED = "rejected"


class CaseAction(StrEnum):
    """What a moderator can do."""

    CLAIM = "claim"
    RELEASE = "release"
    APPROVE = "approve"
    ENDORSE = "endorse"
    """A first approval where two moderators are needed: the case waits for the second."""
    REJECT = "reject"


S, A = CaseState, CaseAction

CASE_STATES: StateMachine[CaseState, CaseAction] = StateMachine(
    "case",
    {
        (S.OPEN, A.CLAIM): S.CLAIMED,
        (S.CLAIMED, A.RELEASE): S.OPEN,
        (S.CLAIMED, A.APPROVE): S.APPROVED,
        (S.CLAIMED, A.ENDORSE): S.OPEN,
        (S.CLAIMED, A.REJECT): S.REJECTED,
    },
)


class ReasonCode(StrEnum):
    """Why a listing is turned away; the seller reads the text beside it."""

    NOT_REPRODUCIBLE = "NOT_REPRODUCIBLE"
    SAMPLES_MISMATCH = "SAMPLES_MISMATCH"
    SAMPLE_STOLEN = "SAMPLE_STOLEN"
    DUPLICATE = "DUPLICATE"
    TOO_SPECIFIC = "TOO_SPECIFIC"
    TOO_SIMPLE = "TOO_SIMPLE"
    OFFENSIVE = "OFFENSIVE"
    MISLEADING_TEXT = "MISLEADING_TEXT"
    SPAM = "SPAM"


REASON_TEXTS: dict[ReasonCode, str] = {
    ReasonCode.NOT_REPRODUCIBLE: "Our re-runs came out too different from your samples to be "
    "sure. Check the seed, steps, guidance and scheduler of each sample and submit again.",
    ReasonCode.SAMPLES_MISMATCH: "At least one sample was not made by this prompt with the values "
    "and seed you declared. Replace it with one that was.",
    ReasonCode.SAMPLE_STOLEN: "A sample is a picture from another seller's listing.",
    ReasonCode.DUPLICATE: "This prompt is already on sale in another listing.",
    ReasonCode.TOO_SPECIFIC: "The prompt makes one picture rather than a family of pictures. Turn "
    "the parts a buyer would want to change into [variables].",
    ReasonCode.TOO_SIMPLE: "The prompt holds too little work to be worth its price. Add what makes "
    "its look special.",
    ReasonCode.OFFENSIVE: "The prompt or its pictures are offensive. See the content rules.",
    ReasonCode.MISLEADING_TEXT: "Title or description promise something the prompt does not do.",
    ReasonCode.SPAM: "This is one of many nearly equal listings. Offer the best one instead.",
}
