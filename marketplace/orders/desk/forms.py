"""Forms of the desk. Every act asks for its reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from marketplace.core.clock import now
from marketplace.core.money import parse_price
from marketplace.orders.desk.words import REASONS, STAFF_REASONS
from marketplace.orders.states import RefundReason

MAX_REASON = 500
MAX_NOTE = 2000


def _reason(label: str, most: int = MAX_REASON) -> TextAreaField:
    """A required text field; blanks alone do not count."""
    return TextAreaField(
        label,
        validators=[
            InputRequired("Say why, in a few words."),
            Length(max=most, message=f"At most {most} characters, please."),
            _not_blank,
        ],
    )


def _not_blank(form: FlaskForm, field: TextAreaField) -> None:
    if not (field.data or "").strip():
        raise ValidationError("Say why, in a few words.")


class RefundForm(FlaskForm):
    """Why money is given back; the sums are read line by line."""

    reason = SelectField(
        "Reason",
        choices=[
            SelectChoice("", "Choose a reason…"),
            *[SelectChoice(reason.value, REASONS[reason]) for reason in STAFF_REASONS],
        ],
        validators=[InputRequired("Choose the reason that fits best.")],
    )
    note = _reason("What happened", MAX_NOTE)

    def chosen(self) -> RefundReason:
        """The chosen reason; call after validation."""
        return RefundReason(self.reason.data)


class AnswerForm(FlaskForm):
    """The answer to a refund request."""

    answer = TextAreaField(
        "Answer to the buyer",
        validators=[
            Optional(),
            Length(max=MAX_NOTE, message=f"At most {MAX_NOTE} characters, please."),
        ],
    )
    amount = StringField("Sum", validators=[Optional(), Length(max=20)])


class ReasonForm(FlaskForm):
    """An act that needs nothing but its reason."""

    reason = _reason("Reason")


class HoldForm(FlaskForm):
    """Keep money back, for a while or until somebody releases it."""

    reason = _reason("Reason")
    until = DateField("Until", validators=[Optional()])

    def validate_until(self, field: DateField) -> None:
        """Only days to come."""
        if field.data is not None and field.data <= now().date():
            raise ValidationError("Choose a day to come, or leave it empty.")

    def moment(self) -> datetime | None:
        """When the hold ends by itself, at midnight UTC; call after validation."""
        day = self.until.data
        return None if day is None else datetime.combine(day, time(), tzinfo=UTC)


class WriteOffForm(FlaskForm):
    """Let the house bear a debt."""

    amount = StringField(
        "Sum in dollars",
        validators=[InputRequired("Write the sum, for example 2.39."), Length(max=20)],
    )
    reason = _reason("Reason")
    sure = BooleanField(
        "Bracket bears this as a loss; it cannot be undone here.",
        validators=[InputRequired("Tick the box to confirm.")],
    )

    cents: int = 0
    """The sum that was read, after validation."""

    def validate_amount(self, field: StringField) -> None:
        """A sum of at least one cent."""
        try:
            self.cents = parse_price(field.data or "").cents
        except ValueError:
            raise ValidationError("Write the sum in dollars, for example 2.39.") from None
        if self.cents <= 0:
            raise ValidationError("Write at least 0.01.")


class AcceptForm(FlaskForm):
    """Give a dispute up."""

    reason = _reason("Reason")
    sure = BooleanField(
        "The buyer keeps the money; this cannot be undone.",
        validators=[InputRequired("Tick the box to confirm.")],
    )


class ExportForm(FlaskForm):
    """The journal of some days, both included, in UTC."""

    start = DateField("From", validators=[InputRequired("Choose the first day.")])
    end = DateField("To", validators=[InputRequired("Choose the last day.")])

    def validate_end(self, field: DateField) -> None:
        """Not before the first day, and not to come."""
        if field.data is None or self.start.data is None:
            return
        if field.data < self.start.data:
            raise ValidationError("The last day lies before the first.")
        if field.data > now().date():
            raise ValidationError("Choose today or a day before.")


class DayForm(FlaskForm):
    """One day that is over, or today."""

    day = DateField("Day", validators=[InputRequired("Choose the day.")])

    def validate_day(self, field: DateField) -> None:
        """Not a day to come, and none before there were books."""
        if field.data is not None and not date(2020, 1, 1) <= field.data <= now().date():
            raise ValidationError("Choose today or a day before.")


def moments(start: date, end: date) -> tuple[datetime, datetime]:
    """First moment of ``start`` and of the day after ``end``, in UTC."""
    first = datetime.combine(start, time(), tzinfo=UTC)
    return first, datetime.combine(end + timedelta(days=1), time(), tzinfo=UTC)
