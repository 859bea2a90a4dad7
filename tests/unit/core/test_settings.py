"""Settings: complete, typed, and refusing every unsafe combination."""

from __future__ import annotations

import pytest

from marketplace.settings import SettingsError, load_settings
from tests.fixtures.app import PROMPT_KEY, PROOF_KEY

GOOD = {
    "BRACKET_ENV": "test",
    "PUBLIC_URL": "http://127.0.0.1:8000/",
    "SECRET_KEY": "s" * 40,
    "DATABASE_URL": "postgresql://app:pw@127.0.0.1/bracket",
    "BROKER_URL": "redis://127.0.0.1/0",
    "BLOBS_URL": "file:///tmp/blobs",
    "MAIL_URL": "smtp://127.0.0.1:2525",
    "STRIPE_API_KEY": "sk_test_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_a",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_b",
    "PROMPT_KEYS": f"{PROMPT_KEY}, {PROMPT_KEY}",
    "PROOF_SIGNING_KEY": PROOF_KEY,
    "HOUSE_MODEL_DIR": "weights",
}
PRODUCTION = GOOD | {
    "BRACKET_ENV": "production",
    "PUBLIC_URL": "https://bracket.example",
    "STRIPE_API_KEY": "sk_live_1",
}


def test_good_settings_are_read_and_normalised() -> None:
    settings = load_settings(GOOD)
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url.startswith("postgresql+psycopg://")
    assert settings.prompt_keys == (PROMPT_KEY, PROMPT_KEY)


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"BRACKET_ENV": "moon", "PROMPT_KEYS": "short"})
    text = str(error.value)
    for name in ("BRACKET_ENV", "PROMPT_KEYS", "DATABASE_URL", "STRIPE_API_KEY", "MAIL_URL"):
        assert name in text


@pytest.mark.parametrize(
    ("base", "change", "sentence"),
    [
        (GOOD, {"SECRET_KEY": "short"}, "SECRET_KEY must have"),
        (GOOD, {"STRIPE_API_BASE": "http://stripe.example"}, "loopback"),
        (GOOD, {"STRIPE_API_KEY": "sk_live_1"}, "needs BRACKET_ENV=production"),
        (
            PRODUCTION,
            {"STRIPE_API_BASE": "http://127.0.0.1:1"},
            "must not be combined with a live Stripe key",
        ),
        (PRODUCTION, {"STRIPE_API_BASE": "http://127.0.0.1:1"}, "must not be set in production"),
        (PRODUCTION, {"STRIPE_API_KEY": "rk_test_1"}, "must be a live key in production"),
        (PRODUCTION, {"PUBLIC_URL": "http://bracket.example"}, "https in production"),
        (PRODUCTION, {"LOCAL_MAIL_PAGE": "http://127.0.0.1:1"}, "local use only"),
        (PRODUCTION, {"RATE_LIMITS": "0"}, "RATE_LIMITS must stay on"),
        (GOOD, {"STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_a"}, "must differ"),
        (GOOD, {"STRIPE_WEBHOOK_SECRET": " "}, "must not be blank"),
        (PRODUCTION, {"PROOF_SIGNING_KEY": ""}, "PROOF_SIGNING_KEY: is not 32 bytes"),
        (GOOD, {"PROOF_SIGNING_KEY": PROMPT_KEY[:20]}, "openssl rand -base64 32"),
        (GOOD, {"DATABASE_URL": "sqlite:///x"}, "no other database"),
        (GOOD, {"BLOBS_URL": "ftp://x"}, "file:///folder"),
    ],
)
def test_unsafe_settings_refuse_to_start(
    base: dict[str, str], change: dict[str, str], sentence: str
) -> None:
    load_settings(base)
    with pytest.raises(SettingsError, match=sentence):
        load_settings(base | change)


def test_production_refuses_to_start_without_a_key_for_its_reports() -> None:
    without = {name: value for name, value in PRODUCTION.items() if name != "PROOF_SIGNING_KEY"}
    with pytest.raises(SettingsError, match="PROOF_SIGNING_KEY: is not set"):
        load_settings(without)


def test_neither_errors_nor_reprs_show_a_secret() -> None:
    secret = "swordfish-" * 4
    settings = load_settings(GOOD | {"SECRET_KEY": secret})
    assert "swordfish" not in repr(settings)
    assert PROMPT_KEY not in repr(settings)
    assert PROOF_KEY not in repr(settings)
    with pytest.raises(SettingsError) as error:
        load_settings(GOOD | {"PROMPT_KEYS": secret, "DATABASE_URL": f"mysql://u:{secret}@h/d"})
    assert "swordfish" not in str(error.value)
