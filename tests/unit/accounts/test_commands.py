"""flask users."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.orm import Session

from marketplace.accounts.queries import user_by_email

PASSWORD = "correct horse battery"


def test_create_and_grant(app: Flask, session: Session) -> None:
    runner = app.test_cli_runner()
    create = ["users", "create", "Mod@example.com", "--name", "Mo", "--password", PASSWORD]
    assert runner.invoke(args=create).output == "Created mod@example.com.\n"
    grant = ["users", "grant-role", "mod@example.com", "moderator"]
    assert "is moderator now" in runner.invoke(args=grant).output
    assert "was moderator already" in runner.invoke(args=grant).output
    user = user_by_email(session, "mod@example.com")
    assert user is not None
    assert (user.display_name, user.role_names) == ("Mo", ["moderator"])
    assert user.password is not None
    assert user.password.startswith("$argon2id$")
    assert user.confirmed_at is not None

    again = runner.invoke(args=create)
    assert again.exit_code == 1
    assert "has an account already" in again.output


def test_refusals(app: Flask, session: Session) -> None:
    runner = app.test_cli_runner()
    short = runner.invoke(args=["users", "create", "a@example.com", "--password", "short"])
    assert "at least 10 characters" in short.output
    nobody = runner.invoke(args=["users", "grant-role", "a@example.com", "admin"])
    assert "no account with this address" in nobody.output
    wrong = runner.invoke(args=["users", "grant-role", "a@example.com", "king"])
    assert wrong.exit_code == 2
    assert user_by_email(session, "a@example.com") is None
