"""The form of a seller's payout schedule."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, ValidationError

from marketplace.core.money import Money, parse_price
from marketplace.payouts.models import MAX_THRESHOLD_CENTS, MIN_THRESHOLD_CENTS
from marketplace.payouts.states import Schedule

LIMITS = f"{Money(MIN_THRESHOLD_CENTS)} to {Money(MAX_THRESHOLD_CENTS)}"


class ScheduleForm(FlaskForm):
    """When, and from which sum on."""

    schedule = RadioField(
        "When your balance goes to your bank",
        choices=[
            SelectChoice(Schedule.THRESHOLD.value, "Once it has reached the amount below"),
            SelectChoice(Schedule.WEEKLY.value, "Every Monday, whatever is there"),
            SelectChoice(Schedule.MONTHLY.value, "On the 1st of each month, whatever is there"),
            SelectChoice(Schedule.MANUAL.value, "Only when I say so"),
        ],
        validators=[DataRequired("Choose one.")],
    )
    threshold = StringField(
        "Amount in dollars",
        description=f"From {LIMITS}; used by the first choice only.",
        validators=[DataRequired(f"Write the amount in dollars, from {LIMITS}.")],
        filters=[lambda text: " ".join(text.split()) if text else text],
    )

    def validate_threshold(self, field: StringField) -> None:
        """Dollars within range; what is typed beside another choice must be right as well."""
        try:
            amount = parse_price(field.data or "")
        except ValueError:
            raise ValidationError(f"Write the amount in dollars, from {LIMITS}.") from None
        if not MIN_THRESHOLD_CENTS <= amount.cents <= MAX_THRESHOLD_CENTS:
            raise ValidationError(f"Choose an amount from {LIMITS}.")

    @property
    def threshold_cents(self) -> int:
        """What was typed, in cents; of a valid form."""
        return parse_price(self.threshold.data or "").cents
