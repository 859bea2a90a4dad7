"""Forms of sales and codes: how much off, which listings, from when until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError

from marketplace.core.errors import InvalidError
from marketplace.core.money import parse_price
from marketplace.listings.models import Listing
from marketplace.offers.operations import Offer
from marketplace.offers.pricing import MAX_PERCENT, Reduction

PERCENT, CENTS = "percent", "cents"
ALL, SOME = "all", "some"
MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"]
MOST_USES = 1_000_000


def _trimmed(text: str | None) -> str | None:
    return " ".join(text.split()) if text else text


class MomentField(DateTimeLocalField):
    """A moment in UTC, as browsers send it; typed by hand it may be a date alone."""

    def __init__(self, label: str, **given: Any) -> None:
        super().__init__(label, validators=[Optional()], format=MOMENT_FORMATS, **given)

    def process_formdata(self, valuelist: Any) -> None:
        """Read it, or say how it is written."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(
                "Write date and time as 2026-11-30 18:00, in UTC, or choose them."
            ) from None

    @property
    def moment(self) -> datetime | None:
        """The moment, aware of its zone; None for a blank field."""
        return self.data.replace(tzinfo=UTC) if self.data else None


class NeededField(StringField):
    """Needed, or one of two of which one is needed: pages do not call it optional."""


class OfferForm(FlaskForm):
    """What sales and codes have in common."""

    kind = RadioField(
        "A share or a sum",
        choices=[
            SelectChoice(PERCENT, "A share of the price"),
            SelectChoice(CENTS, "A sum off each price"),
        ],
        default=PERCENT,
    )
    percent = NeededField("Percent", filters=[_trimmed])
    off = NeededField("Dollars", filters=[_trimmed])
    scope = RadioField(
        "All or some",
        choices=[
            SelectChoice(ALL, "All that I have on sale, later ones too"),
            SelectChoice(SOME, "Those that I choose here"),
        ],
        default=ALL,
    )
    listings = SelectMultipleField("Listings", validate_choice=False)
    starts = MomentField("Starts (UTC)")
    ends = MomentField("Ends (UTC)")

    def offer_choices(self, live: Iterable[Listing]) -> None:
        """Let these listings be chosen."""
        self.listings.choices = [SelectChoice(one.id, one.title) for one in live]

    def validate_percent(self, field: StringField) -> None:
        """Whole percents, where percents are meant."""
        if self.kind.data != PERCENT:
            return
        text = (field.data or "").removesuffix("%").strip()
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MAX_PERCENT):
            raise ValidationError(f"Write a whole number from 1 to {MAX_PERCENT}, for example 20.")

    def validate_off(self, field: StringField) -> None:
        """Dollars and cents, where a sum is meant."""
        if self.kind.data != CENTS:
            return
        try:
            cents = parse_price(field.data or "").cents
        except ValueError:
            cents = 0
        if cents <= 0:
            raise ValidationError("Write what is taken off in dollars, for example 0.50.")

    def validate_listings(self, field: SelectMultipleField) -> None:
        """At least one, where some are chosen."""
        if self.scope.data == SOME and not field.data:
            raise ValidationError("Choose at least one of your listings.")

    def offer(self) -> Offer:
        """What was asked for; of a valid form."""
        return Offer(
            reduction=self._reduction(),
            listing_ids=None if self.scope.data == ALL else _chosen(self.listings.data),
            starts_at=self.starts.moment,
            ends_at=self.ends.moment,
        )

    def _reduction(self) -> Reduction:
        if self.kind.data == PERCENT:
            return Reduction(percent=int((self.percent.data or "").removesuffix("%").strip()))
        return Reduction(off_cents=parse_price(self.off.data or "").cents)

    def refuse(self, error: InvalidError) -> None:
        """Show beside its field what the rules refused."""
        field = self[error.field] if error.field and error.field in self else self.ends
        field.errors = [*field.errors, error.message]


class SaleForm(OfferForm):
    """A timed sale."""

    def validate_ends(self, field: MomentField) -> None:
        """A sale has an end."""
        if field.data is None:
            raise ValidationError("Say when the sale ends.")


class CodeForm(OfferForm):
    """A discount code."""

    code = StringField("Code", filters=[_trimmed])
    max_uses = StringField("Uses in all", filters=[_trimmed])
    max_per_buyer = StringField("Uses by each buyer", filters=[_trimmed], default="1")

    def validate_max_uses(self, field: StringField) -> None:
        """A whole number, or blank for any."""
        _whole(field)

    def validate_max_per_buyer(self, field: StringField) -> None:
        """A whole number, or blank for any."""
        _whole(field)

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """Uses in all, and by each buyer; None for any number. Of a valid form."""
        return _whole(self.max_uses), _whole(self.max_per_buyer)


def _chosen(values: Sequence[str] | None) -> list[str]:
    return list(dict.fromkeys(values or ()))


def _whole(field: StringField) -> int | None:
    text = field.data or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_USES):
        raise ValidationError("Write a whole number such as 100, or leave it blank for any number.")
    return int(text)
