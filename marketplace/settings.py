"""Typed settings, read once from the environment: the only module that does so.

All problems are reported together, and an unsafe configuration refuses to start.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from marketplace.core.signing import SigningKey
from marketplace.settings_problems import readable
from marketplace.settings_safety import problems_of


class SettingsError(RuntimeError):
    """The configuration is missing something or unsafe; the message lists every problem."""


class Environment(StrEnum):
    """Where the application runs; production refuses every convenience."""

    LOCAL = "local"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Everything the application needs to know about its surroundings."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None)

    env: Environment = Field(validation_alias=AliasChoices("BRACKET_ENV"))
    public_url: str = Field(validation_alias="PUBLIC_URL")
    secret_key: str = Field(validation_alias="SECRET_KEY", repr=False)
    database_url: str = Field(validation_alias="DATABASE_URL", repr=False)
    broker_url: str = Field(validation_alias="BROKER_URL", repr=False)
    blobs_url: str = Field(validation_alias="BLOBS_URL")
    mail_url: str = Field(validation_alias="MAIL_URL", repr=False)
    mail_sender: str = Field("Bracket <hello@bracket.example>", validation_alias="MAIL_SENDER")
    stripe_api_key: str = Field(validation_alias="STRIPE_API_KEY", repr=False)
    stripe_api_base: str | None = Field(None, validation_alias="STRIPE_API_BASE")
    stripe_webhook_secret: str = Field(validation_alias="STRIPE_WEBHOOK_SECRET", repr=False)
    stripe_connect_webhook_secret: str = Field(
        validation_alias="STRIPE_CONNECT_WEBHOOK_SECRET", repr=False
    )
    stripe_v2_webhook_secret: str = Field(
        "", validation_alias="STRIPE_V2_WEBHOOK_SECRET", repr=False
    )
    """Of the event destination with thin payloads; blank where none is registered."""
    stripe_tax: bool = Field(False, validation_alias="STRIPE_TAX")
    """Whether the provider computes tax: it collects none without a registration, silently."""
    seller_reserve_days: int = Field(7, ge=0, le=90, validation_alias="SELLER_RESERVE_DAYS")
    """How long the shares of a young seller's sales are kept back; 0 for not at all."""
    seller_young_sales: int = Field(10, ge=0, validation_alias="SELLER_YOUNG_SALES")
    """A seller is young until so many of their sales have been transferred."""
    secure_from_cents: int = Field(2_000, ge=0, validation_alias="THREE_D_SECURE_FROM_CENTS")
    """3-D Secure is asked for on a buyer's first purchase from this sum on."""
    refund_window_days: int = Field(30, ge=0, le=365, validation_alias="REFUND_WINDOW_DAYS")
    """Who bought so shortly before a prompt stopped working is given the money back unasked."""
    buyer_declines_per_hour: int = Field(5, ge=1, validation_alias="BUYER_DECLINES_PER_HOUR")
    address_declines_per_hour: int = Field(10, ge=1, validation_alias="ADDRESS_DECLINES_PER_HOUR")
    card_declines_per_day: int = Field(8, ge=1, validation_alias="CARD_DECLINES_PER_DAY")
    invoice_issuer: str = Field("Bracket", validation_alias="INVOICE_ISSUER")
    """Who sells, on receipts and invoices: name, address, tax ID; lines divided by "|"."""
    referral_free: bool = Field(False, validation_alias="REFERRAL_FREE")
    """Whether sales through a seller's own link cost that seller no commission, for so long:"""
    referral_window_hours: int = Field(24, ge=1, le=720, validation_alias="REFERRAL_WINDOW_HOURS")
    checkouts_per_hour: int = Field(30, ge=1, validation_alias="CHECKOUTS_PER_HOUR")
    prompt_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        validation_alias="PROMPT_KEYS", repr=False
    )
    proof_signing_key: str = Field(validation_alias="PROOF_SIGNING_KEY", repr=False)
    """Private Ed25519 key that signs public reports: 32 bytes in base64, or PEM."""
    house_model_dir: Path = Field(validation_alias="HOUSE_MODEL_DIR")
    copy_index_mb: int = Field(2048, ge=0, validation_alias="COPY_INDEX_MB")
    """Memory a worker process may spend on the copy index; beyond it the database searches."""
    models_dir: Path | None = Field(None, validation_alias="MODELS_DIR")
    """Folder of further pipelines in diffusers' format, each under its model's slug."""
    offered_models: Annotated[tuple[str, ...], NoDecode] = Field(
        (), validation_alias="OFFERED_MODELS"
    )
    """Slugs that the workers can run, where this machine does not hold their weights itself."""
    openai_api_key: str | None = Field(None, validation_alias="OPENAI_API_KEY", repr=False)
    openai_base_url: str | None = Field(None, validation_alias="OPENAI_BASE_URL")
    openai_listing_ceiling: int = Field(
        2_000_000, ge=0, validation_alias="OPENAI_LISTING_CEILING_MICRODOLLARS"
    )
    openai_daily_ceiling: int = Field(
        20_000_000, ge=0, validation_alias="OPENAI_DAILY_CEILING_MICRODOLLARS"
    )
    moderation_api_key: str | None = Field(None, validation_alias="MODERATION_API_KEY", repr=False)
    moderation_base_url: str | None = Field(None, validation_alias="MODERATION_BASE_URL")
    moderation_sends_prompts: bool = Field(False, validation_alias="MODERATION_SENDS_PROMPTS")
    """Whether prompts are sent there too, or only what is public anyway."""
    submissions_per_day: int = Field(20, ge=0, validation_alias="SUBMISSIONS_PER_DAY")
    """More by one seller within 24 hours is pointed out to moderators; 0 for never."""
    clip_model_dir: Path | None = Field(None, validation_alias="CLIP_MODEL_DIR")
    """Folder of a CLIP model that judges adherence where a model has no judge of its own."""
    search_language: str = Field(
        "english", pattern="^[a-z_]{1,60}$", validation_alias="SEARCH_LANGUAGE"
    )
    """PostgreSQL's text search configuration: how words are stemmed, and which say nothing."""
    undo_seconds: float = Field(10.0, ge=0, le=120, validation_alias="MODERATION_UNDO_SECONDS")
    """How long a moderator may undo a decision before it takes effect."""
    search_by_meaning: bool = Field(True, validation_alias="SEARCH_BY_MEANING")
    """Off: search goes by words alone, even where a sentence encoder is installed."""
    embedding_model_dir: Path | None = Field(None, validation_alias="EMBEDDING_MODEL_DIR")
    """Folder of a BERT of 384 dimensions instead of the MiniLM that ships with the requirements."""
    embedding_model_sha256: str = Field("", validation_alias="EMBEDDING_MODEL_SHA256")
    """Digest of that folder's model.safetensors; without it the model is not used."""
    search_counts_seconds: float = Field(5.0, ge=0, validation_alias="SEARCH_COUNTS_SECONDS")
    """How long a web process may show the same numbers beside the filters."""
    image_encoder: str = Field("", validation_alias="IMAGE_ENCODER")
    """package.module:name of what turns pictures into vectors; blank for Bracket's own."""
    consistency_fills: int = Field(4, ge=1, le=8, validation_alias="CONSISTENCY_FILLS")
    consistency_seeds: int = Field(3, ge=1, le=8, validation_alias="CONSISTENCY_SEEDS")
    consistency_map: int = Field(24, ge=0, le=200, validation_alias="CONSISTENCY_MAP")
    """Most pictures of a report's map; with the sheet's, about a minute on the fast house model."""
    preflights_per_day: int = Field(5, ge=0, validation_alias="PREFLIGHTS_PER_DAY")
    step_time_limit: float = Field(300.0, gt=0, validation_alias="STEP_TIME_LIMIT_SECONDS")
    """A worker whose model makes no step for so long, loading included, ends itself."""
    worker_sources: Annotated[tuple[str, ...], NoDecode] = Field(
        (), validation_alias="WORKER_SOURCES"
    )
    """Target models (their source) that this worker takes runs of; empty: all of its queues."""
    generation_cache_pictures: int = Field(
        20_000, ge=0, validation_alias="GENERATION_CACHE_PICTURES"
    )
    """Pictures kept so that identical work is not done twice; some 0.1-2 MB each."""
    reverification_budget: int = Field(
        20_000, ge=0, validation_alias="REVERIFICATION_EVALUATIONS_PER_HOUR"
    )
    """Model evaluations that listings may be verified again with, after a model has changed."""
    fix_window_days: int = Field(14, ge=1, le=365, validation_alias="FIX_WINDOW_DAYS")
    """How long a seller has to mend a prompt that a changed model no longer makes."""
    golden_prompts: int = Field(3, ge=0, le=50, validation_alias="GOLDEN_PROMPTS")
    """Golden prompts that a worker runs at each check, of each model."""
    golden_interval: float = Field(6 * 3600.0, gt=0, validation_alias="GOLDEN_INTERVAL_SECONDS")
    golden_retry: float = Field(600.0, gt=0, validation_alias="GOLDEN_RETRY_SECONDS")
    """A worker that has withdrawn checks itself again after so long."""
    local_mail_page: str | None = Field(None, validation_alias="LOCAL_MAIL_PAGE")
    local_stripe_page: str | None = Field(None, validation_alias="LOCAL_STRIPE_PAGE")
    page_cache_mb: int = Field(64, ge=0, validation_alias="PAGE_CACHE_MB")
    """Memory of each web process for pages that strangers are shown; 0 makes every page anew."""
    card_cache: int = Field(20_000, ge=0, validation_alias="CARD_CACHE")
    """Cards (two entries each) that each web process keeps for strangers' pages; 0 for none."""
    view_count_seconds: float = Field(5.0, ge=0, le=300, validation_alias="VIEW_COUNT_SECONDS")
    """How often a web process writes down what it counted of looks at listings; 0 counts none."""
    rate_limits: bool = Field(True, validation_alias="RATE_LIMITS")

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an absolute http(s) address such as https://bracket.example")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme not in {"postgresql", "postgresql+psycopg", "postgres"} or not rest:
            raise ValueError("must be a postgresql:// address; no other database is supported")
        return f"postgresql+psycopg://{rest}"

    @field_validator("broker_url")
    @classmethod
    def _broker_url(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"redis", "rediss"}:
            raise ValueError("must be a redis:// or rediss:// address")
        return value

    @field_validator("blobs_url")
    @classmethod
    def _blobs_url(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"file", "s3"}:
            raise ValueError("must be file:///folder or s3://bucket?endpoint_url=…&region=…")
        return value

    @field_validator("mail_url")
    @classmethod
    def _mail_url(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"smtp", "smtps", "smtp+tls"}:
            raise ValueError("must be smtp://host:port, smtp+tls:// or smtps://")
        return value

    @field_validator(
        "openai_api_key",
        "openai_base_url",
        "models_dir",
        "clip_model_dir",
        "embedding_model_dir",
        mode="before",
    )
    @classmethod
    def _blank_is_unset(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("prompt_keys", "offered_models", "worker_sources", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("prompt_keys")
    @classmethod
    def _fernet_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("needs at least one key (make one with `flask keys new`)")
        for number, key in enumerate(value, start=1):
            try:
                decoded = base64.urlsafe_b64decode(key.encode())
            except (binascii.Error, ValueError):
                decoded = b""
            if len(decoded) != 32:
                raise ValueError(f"key {number} is not 32 bytes of url-safe base64")
        return value

    @field_validator("proof_signing_key")
    @classmethod
    def _ed25519_key(cls, value: str) -> str:
        try:
            SigningKey(value)
        except ValueError as error:
            raise ValueError(f"{error} (`openssl rand -base64 32` makes one)") from None
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> Settings:
        problems = problems_of(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def production(self) -> bool:
        """True where real people and real money are involved."""
        return self.env is Environment.PRODUCTION

    @property
    def stripe_livemode(self) -> bool:
        """True when the Stripe key moves real money."""
        return "_live_" in self.stripe_api_key


class _Given(Settings):
    """Settings from what is given alone: the process environment does not shine through."""

    @classmethod
    def settings_customise_sources(cls, *args: Any, **sources: Any) -> tuple[Any, ...]:
        """Leave out every source but the values given."""
        return (sources["init_settings"],)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings.

    Args:
        environ: variables to read instead of the process environment (tests).

    Raises:
        SettingsError: with one line per missing, malformed or unsafe setting.
    """
    try:
        if environ is None:
            return Settings()  # type: ignore[call-arg]
        return _Given.model_validate(_only_aliases(environ))
    except ValidationError as error:
        raise SettingsError(readable(error)) from None


def _only_aliases(environ: Mapping[str, str]) -> dict[str, str]:
    known = {str(_alias(field.validation_alias)) for field in Settings.model_fields.values()}
    return {name: value for name, value in environ.items() if name in known}


def _alias(alias: Any) -> Any:
    return alias.choices[0] if isinstance(alias, AliasChoices) else alias
