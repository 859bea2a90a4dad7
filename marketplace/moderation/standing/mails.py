"""Mail about a shop's standing: the row with the decision, the sending by the mail sweep."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail, SellerProfile, User
from marketplace.core.clock import now
from marketplace.core.web.template_globals import day
from marketplace.moderation.standing.models import Suspension

_SUSPENDED = """Hello {name},

your shop on Bracket is suspended {term}. The reason:

{cause}

Until then you can submit nothing new; what is on sale stays on sale, and you are paid as before.
How you stand, and what you can do about it, is on your page "Decisions" under Sell.
"""
_REINSTATED = """Hello {name},

your shop on Bracket is no longer suspended. The reason:

{note}

You can submit listings again.
"""


def tell_suspended(session: Session, seller: SellerProfile, row: Suspension) -> None:
    """Say why and for how long."""
    term = f"until {day(row.until)}" if row.until else "for good"
    text = _SUSPENDED.format(name=seller.display_name, term=term, cause=row.cause)
    put_mail(session, seller.user, "Your shop is suspended", text)


def tell_reinstated(session: Session, seller: SellerProfile, row: Suspension) -> None:
    """Say that it is over, and why."""
    text = _REINSTATED.format(name=seller.display_name, note=row.lift_note)
    put_mail(session, seller.user, "Your shop is open again", text)


def put_mail(session: Session, person: User, subject: str, text: str) -> None:
    """Record a message to somebody. It must not hold prompt text."""
    mail = OutgoingMail(
        recipient=person.email, subject=subject, body_text=text, next_attempt_at=now()
    )
    session.add(mail)
    session.flush()
