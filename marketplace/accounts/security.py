"""Flask-Security, set up: sign-up, confirmation, recovery; mail leaves through our own queue."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Flask
from flask_security import MailUtil, RegisterFormV2, Security, SQLAlchemySessionUserDatastore
from wtforms import StringField
from wtforms.validators import DataRequired, Length, ValidationError

from marketplace.accounts.mail import queue_mail
from marketplace.accounts.models import RoleRow, User
from marketplace.core.web.request_scope import db, services, session_proxy

SUBJECTS = {
    "EMAIL_SUBJECT_REGISTER": "Welcome to Bracket: please confirm your address",
    "EMAIL_SUBJECT_CONFIRM": "Please confirm your address",
    "EMAIL_SUBJECT_PASSWORD_RESET": "Choose a new password for Bracket",
    "EMAIL_SUBJECT_PASSWORD_NOTICE": "Your Bracket password was reset",
    "EMAIL_SUBJECT_PASSWORD_CHANGE_NOTICE": "Your Bracket password was changed",
}
MESSAGES = {
    "GENERIC_AUTHN_FAILED": ("E-mail address or password is not right.", "error"),
    # The defaults tell strangers whether an address has an account.
    "USER_DOES_NOT_EXIST": ("E-mail address or password is not right.", "error"),
    "INVALID_PASSWORD": ("E-mail address or password is not right.", "error"),
    "CONFIRMATION_REQUIRED": (
        "Please confirm your address first: open the link in the mail we sent you.",
        "error",
    ),
    "CONFIRMATION_EXPIRED": (
        "That link has expired. Ask for a fresh one below.",
        "error",
    ),
    "INVALID_CONFIRMATION_TOKEN": (
        "That link is not complete or has been used. Ask for a fresh one below.",
        "error",
    ),
    "PASSWORD_RESET_EXPIRED": (
        "That link has expired. Ask for a fresh one below.",
        "error",
    ),
    "INVALID_RESET_PASSWORD_TOKEN": (
        "That link is not complete or has been used. Ask for a fresh one below.",
        "error",
    ),
    "EMAIL_CONFIRMED": ("Thank you, your address is confirmed. Welcome to Bracket.", "success"),
}


class Datastore(SQLAlchemySessionUserDatastore):
    """Flask-Security's store on the request's session; the request scope commits, not it."""

    def commit(self) -> None:
        """Leave it to the request's unit of work."""


class QueuedMail(MailUtil):
    """Mail of Flask-Security, through the outgoing table; addresses are lower-case."""

    def send_mail(
        self,
        template: str,
        subject: str,
        recipient: Any,
        sender: Any,
        body: str | None,
        html: str | None,
        **kwargs: Any,
    ) -> None:
        """Queue a rendered message with the request's commit."""
        address = recipient[1] if isinstance(recipient, tuple) else str(recipient)
        queue_mail(db(), services().queue, address, str(subject), body or "", html)

    def normalize(self, email: str) -> str:
        """Normalised and lower-case, as the users table demands."""
        return str(super().normalize(email)).lower()

    def validate(self, email: str) -> str:
        """Like normalize, for addresses not seen before."""
        return str(super().validate(email)).lower()


def _printable(form: Any, field: Any) -> None:
    if re.search(r"[\x00-\x1f\x7f<>]", field.data or ""):
        raise ValidationError("Please use letters, digits and ordinary punctuation only.")


class SignUpForm(RegisterFormV2):
    """Flask-Security's form with the name that others will see."""

    display_name = StringField(
        "Your name on Bracket",
        validators=[
            DataRequired("Tell us what to call you."),
            Length(max=60, message="At most 60 characters, please."),
            _printable,
        ],
    )


def init_security(app: Flask) -> Datastore:
    """Configure Flask-Security on the application and return its datastore."""
    settings = app.extensions["bracket"].settings
    app.config.update(
        SECURITY_URL_PREFIX="/account",
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/",
        SECURITY_POST_REGISTER_VIEW="/account/check-mail",
        SECURITY_POST_CONFIRM_VIEW="/",
        SECURITY_POST_CHANGE_VIEW="/account/",
        SECURITY_USE_REGISTER_V2=True,
        SECURITY_REGISTERABLE=True,
        SECURITY_CONFIRMABLE=True,
        SECURITY_RECOVERABLE=True,
        SECURITY_CHANGEABLE=True,
        SECURITY_AUTO_LOGIN_AFTER_CONFIRM=True,
        SECURITY_AUTO_LOGIN_AFTER_RESET=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_EMAIL_SENDER=settings.mail_sender,
        SECURITY_EMAIL_HTML=False,
        # The confirmation mail proves an address; a DNS query proves less and needs a network.
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of the method
        SECURITY_PASSWORD_SINGLE_HASH=True,  # argon2 salts each password itself
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        # For what mailed links carry, which is signed anyway: the default takes a whole second of
        # pure Python for each, in which no other page is served.
        SECURITY_HASHING_SCHEMES=["hex_sha256"],
        SECURITY_DEPRECATED_HASHING_SCHEMES=[],
        SECURITY_PASSWORD_LENGTH_MIN=10,
        SECURITY_PASSWORD_CONFIRM_REQUIRED=False,
        SECURITY_CONFIRM_EMAIL_WITHIN=timedelta(days=2),
        SECURITY_RESET_PASSWORD_WITHIN=timedelta(hours=2),
        SECURITY_LOGIN_ERROR_VIEW=None,
        SECURITY_STATIC_FOLDER=None,
        **{f"SECURITY_{name}": text for name, text in SUBJECTS.items()},
        **{f"SECURITY_MSG_{name}": message for name, message in MESSAGES.items()},
    )
    datastore = Datastore(session_proxy, User, RoleRow)  # type: ignore[arg-type]  # a proxy of one: it is asked per request
    Security(
        app,
        datastore,
        register_form=SignUpForm,
        mail_util_cls=QueuedMail,
    )
    return datastore
