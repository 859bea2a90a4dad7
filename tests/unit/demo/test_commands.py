"""flask demo: where it refuses, what it says, and that its passwords open the door."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from flask import Flask
from flask_security import verify_password

from demo.accounts import ensure_people
from demo.commands import demo, refuse_unless_local
from demo.people import DEMO_ACCOUNTS, DEMO_PASSWORD
from demo.reading import read_script
from marketplace.accounts.queries import user_by_email
from marketplace.core.container import Services
from marketplace.settings import Environment, Settings


def with_settings(services: Services, **changes: object) -> Services:
    """The same services under settings that were changed without being checked."""
    changed: Settings = services.settings.model_copy(update=changes)
    return Services(**{**vars(services), "settings": changed})


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder that passes for a pipeline."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "model_index.json").write_text("{}")
    return tmp_path / "weights"


def test_production_is_refused(services: Services, weights: Path) -> None:
    parts = with_settings(services, env=Environment.PRODUCTION, house_model_dir=weights)
    with pytest.raises(click.ClickException, match="never loaded"):
        refuse_unless_local(parts)


def test_a_real_payment_provider_is_refused(services: Services, weights: Path) -> None:
    parts = with_settings(services, stripe_api_base=None, house_model_dir=weights)
    with pytest.raises(click.ClickException, match="emulator"):
        refuse_unless_local(parts)


def test_missing_weights_end_with_one_sentence(app: Flask, tmp_path: Path) -> None:
    parts = with_settings(app.extensions["bracket"], house_model_dir=tmp_path)
    app.extensions["bracket"] = parts
    app.cli.add_command(demo)
    result = app.test_cli_runner().invoke(args=["demo", "load"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: The house model's weights are missing")
    assert result.output.count("\n") == 1


def test_status_names_every_listing(app: Flask) -> None:
    app.cli.add_command(demo)
    result = app.test_cli_runner().invoke(args=["demo", "status"])
    assert result.exit_code == 0
    script = read_script()
    assert all(listing.title in result.output for listing in script.listings)
    assert result.output.endswith(f"{len(script.listings)} not there yet.\n")


def test_the_printed_password_opens_every_printed_account(app: Flask, services: Services) -> None:
    with app.app_context():
        ensure_people(services, read_script())
        with services.database.new_session() as session:
            for _, email in DEMO_ACCOUNTS:
                user = user_by_email(session, email)
                assert user is not None
                assert user.password is not None
                assert user.password.startswith("$argon2")
                assert verify_password(DEMO_PASSWORD, user.password)
