"""Who came by a seller's own link: a signed cookie that names the last seller, for a while."""

from __future__ import annotations

from flask import request
from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer
from werkzeug import Response

from marketplace.core.clock import now
from marketplace.core.ids import is_id
from marketplace.settings import Settings

COOKIE = "bracket_via"
SALT = "referral"


class _OurClock(TimestampSigner):
    """Signs with the time that everything else here goes by."""

    def get_timestamp(self) -> int:
        """Seconds since 1970."""
        return int(now().timestamp())


def _serializer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt=SALT, signer=_OurClock)


def remember(response: Response, settings: Settings, seller_id: str) -> None:
    """Note that a browser came by a seller's link; whoever was noted before is forgotten."""
    response.set_cookie(
        COOKIE,
        _serializer(settings).dumps(seller_id),
        max_age=settings.referral_window_hours * 3600,
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )


def referrer_of(settings: Settings, cookie: str | None) -> str | None:
    """The seller that a cookie names; None for none, a forged one, or one that is too old."""
    if not settings.referral_free or not cookie:
        return None
    try:
        seller_id = _serializer(settings).loads(
            cookie, max_age=settings.referral_window_hours * 3600
        )
    except (BadSignature, UnicodeError):  # an old signature is a bad one
        return None
    return seller_id if isinstance(seller_id, str) and is_id(seller_id) else None


def current_referrer(settings: Settings) -> str | None:
    """By whose link the browser that is asking came."""
    return referrer_of(settings, request.cookies.get(COOKIE))
