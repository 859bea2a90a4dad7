"""Forms of the account page; signing up and in are Flask-Security's."""

from __future__ import annotations

import re

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length, ValidationError


def printable(form: FlaskForm, field: StringField) -> None:
    """Refuse control characters and angle brackets in a name."""
    if re.search(r"[\x00-\x1f\x7f<>\u202a-\u202e\u2066-\u2069]", field.data or ""):
        raise ValidationError("Please use letters, digits and ordinary punctuation only.")


class NameForm(FlaskForm):
    """The name that others see."""

    display_name = StringField(
        "Your name on Bracket",
        validators=[
            DataRequired("Tell us what to call you."),
            Length(max=60, message="At most 60 characters, please."),
            printable,
        ],
        filters=[lambda text: " ".join(text.split()) if text else text],
    )
