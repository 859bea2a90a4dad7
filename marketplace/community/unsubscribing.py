"""Links that switch a kind of mail off: signed, good for nothing else, without a log-in."""

from __future__ import annotations

from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from marketplace.community.favourites import want_digest
from marketplace.community.models import FollowDigest, SavedSearch
from marketplace.core.errors import NotFoundError
from marketplace.settings import Settings

_SALT = "marketplace.community.unsubscribe"


class MailKind(StrEnum):
    """Mail that can be switched off; the value stands in its links."""

    DIGEST = "digest"
    SEARCH = "search"


def unsubscribe_url(settings: Settings, kind: MailKind, row_id: str) -> str:
    """The link of a mail: a person's id for the digest, else the saved search's."""
    token = _serializer(settings).dumps([kind.value, row_id])
    return f"{settings.public_url}/unsubscribe/{token}"


def read_token(settings: Settings, token: str) -> tuple[MailKind, str]:
    """What a link switches off. Raises NotFoundError when we never made it."""
    try:
        kind, row_id = _serializer(settings).loads(token)
        return MailKind(kind), str(row_id)
    except (BadSignature, ValueError, TypeError):
        raise NotFoundError("This link is not complete. Copy all of it from the mail.") from None


def describe(session: Session, kind: MailKind, row_id: str) -> str | None:
    """What the link is about, in words; None when it is gone anyway."""
    if kind is MailKind.DIGEST:
        return "news of sellers you follow"
    search = session.get(SavedSearch, row_id)
    return None if search is None else f"your saved search “{search.name}”"


def switch_off(session: Session, kind: MailKind, row_id: str) -> None:
    """Send no more of this mail; doing it twice changes nothing."""
    if kind is MailKind.DIGEST:
        if session.get(FollowDigest, row_id) is not None:
            want_digest(session, row_id, False)
        return
    search = session.get(SavedSearch, row_id, with_for_update=True)
    if search is not None:
        search.paused = True


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt=_SALT)
