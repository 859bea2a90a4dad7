"""Mail to people who reported a listing: what came of it, in the transaction that closes it.

It says the outcome and nothing else: who decided, and why, is between the desk and the seller.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.web.template_globals import day
from marketplace.moderation.complaints.models import REASON_TEXTS, Complaint
from marketplace.moderation.standing.mails import put_mail
from marketplace.moderation.states import DecisionKind

_ANSWERED = """Hello {name},

on {day} you reported the listing "{title}": {reason}

A moderator has looked at it. {outcome}

Thank you for telling us.{again}
"""
_OUTCOMES = {
    DecisionKind.APPROVE: "It stays on sale: nothing in it breaks the guidelines.",
    DecisionKind.APPROVE_LIMITED: "It stays on sale, with limits.",
    DecisionKind.REQUEST_CHANGES: "It is off sale until its seller has changed it.",
    DecisionKind.REJECT: "It has been taken off sale.",
    DecisionKind.DEGRADE: (
        "It is marked as no longer giving what its samples show; its seller has some time to mend "
        "it, or it goes off sale."
    ),
}
_AGAIN = (
    " If we have overlooked something, report it again on its page and say what; another "
    "look is always possible."
)


def tell_outcome(session: Session, complaint: Complaint, kind: DecisionKind) -> None:
    """Say to one person what became of what they reported; the caller closes it just now.

    Args:
        kind: of the decision that answered the report; never a re-run, which answers none.
    """
    person, title = complaint.person, complaint.listing.title
    if not person.active:
        return
    text = _ANSWERED.format(
        name=person.display_name,
        day=day(complaint.created_at),
        title=title,
        reason=REASON_TEXTS[complaint.reason] + ".",
        outcome=_OUTCOMES[kind],
        again="" if kind.turns_away else _AGAIN,
    )
    put_mail(session, person, f"Your report of “{title}” is answered", text)
