"""The form with which buyers ask for their money back."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from marketplace.orders.order_words import REFUND_REASONS
from marketplace.orders.refund_rows import MAX_NOTE
from marketplace.orders.states import BUYERS_REASONS


class RefundForm(FlaskForm):
    """A reason, and room for more words."""

    reason = RadioField(
        "What went wrong?",
        choices=[SelectChoice(reason.value, REFUND_REASONS[reason]) for reason in BUYERS_REASONS],
        validators=[InputRequired("Choose the reason that fits best.")],
    )
    note = TextAreaField(
        "Tell us more",
        description="What did you try, and what came out? Please leave the prompt’s words out.",
        validators=[
            Length(max=MAX_NOTE, message=f"At most {MAX_NOTE} characters, please."),
        ],
    )
