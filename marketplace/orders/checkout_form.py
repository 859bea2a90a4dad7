"""The form before the payment page: the terms' box, and who an invoice is made out to."""

from __future__ import annotations

import re

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError

from marketplace.accounts.forms import printable
from marketplace.orders.billing import BillingDetails
from marketplace.orders.countries import BY_NAME, COUNTRIES

BILLING_FIELDS = ("name", "line1", "line2", "postal_code", "city", "state", "country", "tax_id")
TICK = "Please tick this box: without your consent we may not deliver at once."
_TAX_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./-]{2,39}")


def _one_line(text: str | None) -> str | None:
    return " ".join(text.split()) if text else text


def _line(label: str, most: int) -> StringField:
    return StringField(
        label,
        validators=[Length(max=most, message=f"At most {most} characters, please."), printable],
        filters=[_one_line],
    )


class CheckoutForm(FlaskForm):
    """Consent to instant delivery, and optional billing details."""

    terms = BooleanField("Deliver at once")
    name = _line("Name or company", 120)
    line1 = _line("Street and number", 200)
    line2 = _line("Flat, floor, department", 200)
    postal_code = _line("Postal code", 20)
    city = _line("Town", 100)
    state = _line("State or region", 60)
    country = SelectField(
        "Country",
        choices=[
            SelectChoice("", "Choose a country"),
            *(SelectChoice(code, name) for code, name in BY_NAME),
        ],
        default="",
    )
    tax_id = _line("Tax ID", 40)

    def validate_terms(self, field: BooleanField) -> None:
        """An unticked box is no consent."""
        if not field.data:
            raise ValidationError(TICK)

    def validate_name(self, field: StringField) -> None:
        """An invoice needs a name as soon as it says anything."""
        if not field.data and self.billing().given:
            raise ValidationError(
                "Give a name for the invoice, or leave all billing details blank."
            )

    def validate_country(self, field: SelectField) -> None:
        """And a country."""
        if not field.data and self.billing().given:
            raise ValidationError("Choose the country of the invoice's address.")

    def validate_tax_id(self, field: StringField) -> None:
        """Numbers differ from country to country: only what can be none is refused."""
        if field.data and _TAX_ID.fullmatch(field.data) is None:
            raise ValidationError(
                "A tax ID has letters and digits, for example DE123456789. Leave it blank if you "
                "have none."
            )

    def billing(self) -> BillingDetails:
        """What was typed."""
        return BillingDetails(**{name: str(self[name].data or "") for name in BILLING_FIELDS})

    def fill_in(self, billing: BillingDetails) -> None:
        """Show details that are known already."""
        for name in BILLING_FIELDS:
            value = getattr(billing, name)
            self[name].data = value if name != "country" or value in COUNTRIES else ""

    @property
    def shows_billing(self) -> bool:
        """Whether the billing details should be open: something is in them, or wrong with them."""
        return self.billing().given or any(self[name].errors for name in BILLING_FIELDS)
