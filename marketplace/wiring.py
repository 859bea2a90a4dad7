"""Builds the services from the settings: the one place that picks implementations."""

from __future__ import annotations

from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.vault import PromptVault
from marketplace.gateways.blobs import open_blobs
from marketplace.gateways.celery_queue import CeleryQueue, make_celery
from marketplace.gateways.mail import SmtpMailer
from marketplace.gateways.stripe_payments import StripePayments
from marketplace.gateways.text_moderation import OpenAIModeration, TextModerator
from marketplace.settings import Settings


def build_services(settings: Settings, pool_size: int = 10) -> Services:
    """Connect (lazily) to everything the settings name."""
    return Services(
        settings=settings,
        database=Database(settings.database_url, pool_size=pool_size),
        queue=CeleryQueue(make_celery(settings.broker_url)),
        blobs=open_blobs(settings.blobs_url),
        mailer=SmtpMailer(settings.mail_url, settings.mail_sender),
        payments=StripePayments(
            api_key=settings.stripe_api_key,
            api_base=settings.stripe_api_base,
            webhook_secret=settings.stripe_webhook_secret,
            connect_webhook_secret=settings.stripe_connect_webhook_secret,
            livemode=settings.stripe_livemode,
            v2_webhook_secret=settings.stripe_v2_webhook_secret,
        ),
        vault=PromptVault(settings.prompt_keys),
        text_moderator=_text_moderator(settings),
    )


def _text_moderator(settings: Settings) -> TextModerator | None:
    """The provider that judges texts, where the owner has given a key."""
    if settings.moderation_api_key is None:
        return None
    return OpenAIModeration(settings.moderation_api_key, settings.moderation_base_url)
