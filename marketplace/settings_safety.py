"""Which combinations of settings must not run, and why. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from marketplace.settings import Settings

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
MIN_SECRET_LENGTH = 32


def problems_of(settings: Settings) -> list[str]:
    """Every reason why this combination of settings must not run."""
    problems = []
    if len(settings.secret_key) < MIN_SECRET_LENGTH:
        problems.append(f"SECRET_KEY must have at least {MIN_SECRET_LENGTH} characters")
    if settings.stripe_api_base is not None:
        if urlsplit(settings.stripe_api_base).hostname not in LOOPBACK_HOSTS:
            problems.append("STRIPE_API_BASE may only point at this machine's loopback address")
        if settings.stripe_livemode:
            problems.append("STRIPE_API_BASE must not be combined with a live Stripe key")
        if settings.production:
            problems.append("STRIPE_API_BASE must not be set in production")
    problems += _unsafe_provider(settings)
    if settings.production:
        if not settings.public_url.startswith("https://"):
            problems.append("PUBLIC_URL must be https in production")
        if settings.local_mail_page or settings.local_stripe_page:
            problems.append("LOCAL_MAIL_PAGE and LOCAL_STRIPE_PAGE are for local use only")
        if not settings.rate_limits:
            problems.append("RATE_LIMITS must stay on in production")
        if not settings.stripe_livemode:
            problems.append("STRIPE_API_KEY must be a live key in production: test cards are free")
    elif settings.stripe_livemode:
        problems.append("a live Stripe key needs BRACKET_ENV=production")
    for name in ("stripe_webhook_secret", "stripe_connect_webhook_secret"):
        if not getattr(settings, name).strip():
            problems.append(f"{name.upper()} must not be blank")
    secrets = [settings.stripe_webhook_secret, settings.stripe_connect_webhook_secret]
    secrets += [settings.stripe_v2_webhook_secret] if settings.stripe_v2_webhook_secret else []
    if len(set(secrets)) < len(secrets):
        problems.append("the Stripe webhook secrets must differ")
    return problems


def _unsafe_provider(settings: Settings) -> list[str]:
    """Texts travel to these addresses: only encrypted, or not off this machine."""
    problems = []
    for name in ("openai_base_url", "moderation_base_url"):
        parts = urlsplit(getattr(settings, name) or "https://none.example")
        if parts.hostname not in LOOPBACK_HOSTS and parts.scheme != "https":
            problems.append(f"{name.upper()} must be https")
        elif parts.hostname in LOOPBACK_HOSTS and settings.production:
            problems.append(f"{name.upper()} must not be loopback in production")
    return problems
