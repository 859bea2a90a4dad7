"""Mail about changed models. It names listings and days; never a word of a prompt."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.mail import queue_mail
from marketplace.accounts.models import RoleRow, User
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.listings.models import Listing, ListingVersion

DEGRADED = """Hello {name},

{model} has changed ({what}). We ran the samples of your prompt “{title}”
again, and they no longer come out as they did. That is not your doing, but buyers would get other
pictures than your page shows, so its pages now say so.

You have until {day} to mend it: take the listing off sale, make new samples, and submit it as a new
version. Until then it stays on sale. Afterwards we take it off sale; everybody who bought it keeps
it.

Your listing: {seller_page}
Both reports: {report}

Bracket
"""

OFF_SALE = """Hello {name},

Your prompt “{title}” does not make its samples on {model} any more since {model} changed, and the
time to mend it is over. We have taken it off sale. Everybody who bought it keeps it.

It can come back whenever you like: make a new version with new samples and submit it.
{seller_page}

Bracket
"""

MENDED = """Hello {name},

We ran your prompt “{title}” on {model} again, and its samples come out as they did before.
The notice on its pages is gone. If it had been taken off sale, you can put it back.

Your listing: {seller_page}

Bracket
"""

WITHDRAWN = """A worker has taken itself out of service.

Worker: {worker}
Model: {engine}
{message}

It takes no runs of this model until its golden prompts come out right again; it tries every now and
then. Other workers go on. See {page}

Bracket
"""


def tell_degraded(
    session: Session, services: Services, listing: Listing, version: ListingVersion, what: str
) -> None:
    """Tell the seller, with the day until which it can be mended."""
    subject = f"{version.target_model.name} changed: “{listing.title}” needs a new version"
    _tell_seller(session, services, listing, version, subject, DEGRADED, what=what)


def tell_off_sale(
    session: Session, services: Services, listing: Listing, version: ListingVersion
) -> None:
    """Tell the seller that the window is over."""
    subject = f"“{listing.title}” is off sale"
    _tell_seller(session, services, listing, version, subject, OFF_SALE)


def tell_mended(
    session: Session, services: Services, listing: Listing, version: ListingVersion
) -> None:
    """Tell the seller that it came out right again without a new version."""
    subject = f"“{listing.title}” comes out right again"
    _tell_seller(session, services, listing, version, subject, MENDED)


def tell_withdrawn(
    session: Session, services: Services, worker: str, engine: str, message: str
) -> None:
    """Tell everybody who runs this site that a worker went out of service."""
    page = f"{services.settings.public_url}/moderate/models"
    text = WITHDRAWN.format(worker=worker, engine=engine, message=message, page=page)
    owners = select(User.email).where(User.roles.any(RoleRow.name == Role.ADMIN.value), User.active)
    for address in session.scalars(owners):
        queue_mail(session, services.queue, address, f"Worker out of service: {engine}", text)


def _tell_seller(
    session: Session,
    services: Services,
    listing: Listing,
    version: ListingVersion,
    subject: str,
    text: str,
    **facts: str,
) -> None:
    seller = session.get_one(User, listing.seller_id)
    site = services.settings.public_url
    body = text.format(
        name=listing.seller.display_name,
        title=listing.title,
        model=version.target_model.name,
        day=_day(version.fix_by),
        seller_page=f"{site}/sell/{listing.id}",
        report=f"{site}/p/{listing.path}/proof",
        **facts,
    )
    queue_mail(session, services.queue, seller.email, subject, body)


def _day(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%B %Y}" if moment else ""
