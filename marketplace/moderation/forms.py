"""Forms of the desk."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from marketplace.moderation.operations import MAX_NOTE
from marketplace.moderation.states import REASON_TEXTS, ReasonCode
from marketplace.policy.codes import code_of

NAMES = {code: code_of(code.value).name for code in ReasonCode}


class ApproveForm(FlaskForm):
    """Publish, with an explained override where the report does not prove the listing."""

    override = BooleanField("Approve against the report, as my named override")
    note = TextAreaField(
        "Note", validators=[Optional(), Length(max=MAX_NOTE, message="Shorten the note, please.")]
    )


class RejectForm(FlaskForm):
    """Turn away, with a reason from the closed list."""

    code = SelectField(
        "Reason",
        choices=[
            SelectChoice("", "Choose a reason…"),
            *[SelectChoice(code.value, NAMES[code]) for code in ReasonCode],
        ],
        # A rejection without a reason is what sellers elsewhere complain of most.
        validators=[InputRequired("Choose the reason that fits best.")],
    )
    note = TextAreaField(
        "Message to the seller",
        validators=[Optional(), Length(max=MAX_NOTE, message="Shorten the message, please.")],
    )

    def reason(self) -> ReasonCode:
        """The chosen code; call after validation."""
        return ReasonCode(self.code.data)


TEXTS = {code.value: text for code, text in REASON_TEXTS.items()}
