"""The life of a case and of a decision, as data, and the closed list of reasons."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import StateMachine
from marketplace.policy.codes import code_of


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    DECIDING = "deciding"
    """A decision is written down and takes effect in a moment; until then it can be undone."""
    APPROVED = "approved"
    CHANGES = "changes_requested"
    REJECTED = "rejected"


class CaseAction(StrEnum):
    """What a moderator can do."""

    CLAIM = "claim"
    RELEASE = "release"
    APPROVE = "approve"
    ENDORSE = "endorse"
    """A first approval where two moderators are needed: the case waits for the second."""
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"
    ESCALATE = "escalate"
    """Not for me: the case goes back, for another moderator."""
    DECIDE = "decide"
    UNDO = "undo"
    FAIL = "fail"
    """The decision could not take effect; somebody has to look again."""


S, A = CaseState, CaseAction

CASE_STATES: StateMachine[CaseState, CaseAction] = StateMachine(
    "case",
    {
        (S.OPEN, A.CLAIM): S.CLAIMED,
        (S.CLAIMED, A.RELEASE): S.OPEN,
        (S.CLAIMED, A.DECIDE): S.DECIDING,
        (S.DECIDING, A.UNDO): S.CLAIMED,
        (S.DECIDING, A.FAIL): S.OPEN,
        (S.DECIDING, A.APPROVE): S.APPROVED,
        (S.DECIDING, A.ENDORSE): S.OPEN,
        (S.DECIDING, A.ESCALATE): S.OPEN,
        (S.DECIDING, A.REJECT): S.REJECTED,
        (S.DECIDING, A.REQUEST_CHANGES): S.CHANGES,
    },
)


class About(StrEnum):
    """What a case is about."""

    SUBMISSION = "submission"
    """Whether a version may go on sale."""
    ON_SALE = "on_sale"
    """Whether it may stay there: something has come up."""


class Lane(StrEnum):
    """Why a case waits where it waits: each open case is in exactly one, by its gravest trait."""

    ESCALATED = "escalated"
    PAYMENT_RISK = "payment_risk"
    SCANNER = "scanner"
    """A check found something grave, a sample is somebody else's, or its picture was banned."""
    REPORTS = "reports"
    """People have reported what is on sale."""
    REVERIFICATION = "reverification"
    """Run again after its model changed, with an outcome that no machine decides on."""
    UNCONFIRMED = "unconfirmed"
    """Its samples were not reproduced, or nobody could say."""
    YOUNG = "young"
    EDITS = "edits"
    NEW = "new"

    @property
    def label(self) -> str:
        """In words, for the desk."""
        return {
            "escalated": "Escalated",
            "payment_risk": "Payment risk",
            "scanner": "Scanner",
            "reports": "Reports",
            "reverification": "Re-verification",
            "unconfirmed": "Unconfirmed",
            "young": "Young sellers",
            "edits": "Edits",
            "new": "New",
        }[self.value]


class DecisionKind(StrEnum):
    """What a moderator decides."""

    APPROVE = "approve"
    APPROVE_LIMITED = "approve_limited"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    ESCALATE = "escalate"
    RERUN = "rerun"
    """Of a re-verification: run it once more, the listing stands meanwhile."""
    DEGRADE = "degrade"
    """Of a re-verification: hold it against the listing, which has its window to be mended."""

    @property
    def label(self) -> str:
        """What was done, in words."""
        return {
            "approve": "Approved",
            "approve_limited": "Approved with limits",
            "request_changes": "Changes requested",
            "reject": "Rejected",
            "escalate": "Escalated",
            "rerun": "Run again",
            "degrade": "Marked as degraded",
        }[self.value]

    def said_of(self, about: About) -> str:
        """What was done to a submission, or to what is on sale."""
        if about is About.SUBMISSION:
            return self.label
        said = {
            "approve": "Stays on sale",
            "approve_limited": "Stays on sale with limits",
            "request_changes": "Off sale until it is changed",
            "reject": "Taken off sale",
        }
        return said.get(self.value, self.label)

    @property
    def answers_a_run(self) -> bool:
        """Only where a re-verification waits for an answer."""
        return self in {DecisionKind.RERUN, DecisionKind.DEGRADE}

    @property
    def turns_away(self) -> bool:
        """It needs a reason code, and its seller reads why."""
        return self in {DecisionKind.REJECT, DecisionKind.REQUEST_CHANGES}

    @property
    def publishes(self) -> bool:
        """It puts the listing on sale, or is a first hand on that."""
        return self in {DecisionKind.APPROVE, DecisionKind.APPROVE_LIMITED}


class OutcomeKind(StrEnum):
    """What became of a decision; each has exactly one in the end."""

    APPLIED = "applied"
    UNDONE = "undone"
    FAILED = "failed"


class Limit(StrEnum):
    """What an approval can be limited by."""

    OFF_SHELVES = "off_shelves"
    """Not shown on the shelves of the front page; found by search and on its seller's page."""
    RECHECK = "recheck"
    """A moderator looks at it again after 30 days."""

    @property
    def label(self) -> str:
        """In words, for moderator and seller."""
        return {
            "off_shelves": "Not shown on the front page’s shelves",
            "recheck": "Looked at again after 30 days",
        }[self.value]


class ReasonCode(StrEnum):
    """Why a listing is turned away: the policy's closed list (policy/data/reason_codes.json)."""

    TOO_SPECIFIC = "TOO_SPECIFIC"
    TOO_SIMPLE = "TOO_SIMPLE"
    NOT_REPRODUCIBLE = "NOT_REPRODUCIBLE"
    SAMPLES_MISMATCH = "SAMPLES_MISMATCH"
    SAMPLE_STOLEN = "SAMPLE_STOLEN"
    DUPLICATE = "DUPLICATE"
    OFFENSIVE = "OFFENSIVE"
    SEXUAL = "SEXUAL"
    MINOR_SAFETY = "MINOR_SAFETY"
    REAL_PERSON = "REAL_PERSON"
    THIRD_PARTY_IP = "THIRD_PARTY_IP"
    ARTIST_NAME = "ARTIST_NAME"
    MODEL_RULES = "MODEL_RULES"
    MISLEADING_TEXT = "MISLEADING_TEXT"
    SPAM = "SPAM"
    METADATA_MISSING = "METADATA_MISSING"
    UNSUPPORTED_MODEL = "UNSUPPORTED_MODEL"


REASON_TEXTS: dict[ReasonCode, str] = {
    code: f"{code_of(code.value).seller_text} {code_of(code.value).fix_hint}" for code in ReasonCode
}
"""What the seller reads: what is wrong, and how to mend it."""
