"""Mail about decisions: what a seller must learn without looking. It quotes no prompt."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.listings.models import Listing
from marketplace.moderation.standing.mails import put_mail

_OFF_SALE = """Hello {name},

a moderator has taken your listing "{title}" off sale{until}. The reason:

{reason}

Everybody who bought it keeps it. Your page "Decisions" under Sell has the decision in full, and how
to appeal; on the listing's own page you can make a new version and submit it again.
"""


def tell_off_sale(session: Session, listing: Listing, reason: str, *, mend: bool) -> None:
    """Say why something is off sale, and what can be done about it."""
    until = " until something is changed" if mend else ""
    name, title = listing.seller.display_name, listing.title
    text = _OFF_SALE.format(name=name, title=title, until=until, reason=reason)
    put_mail(session, listing.seller.user, f"“{title}” is off sale", text)
