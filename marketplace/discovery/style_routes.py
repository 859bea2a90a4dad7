"""The living style page: every component by day and by night, made of the real macros."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from wtforms import BooleanField, Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from marketplace.core.errors import NotFoundError
from marketplace.core.web.guards import public
from marketplace.core.web.pagination import Page
from marketplace.core.web.request_scope import db, services
from marketplace.discovery import queries
from marketplace.discovery.gallery import Choice, ChoiceRow
from marketplace.discovery.presenters import ListingPage, cards, home_proof, listing_page
from marketplace.listings.tiers import Tier
from marketplace.verification.queries import completed_run_of

CARDS = 3
SKELETON = [
    {"kind": "bar", "size": "m"},
    {"kind": "bar", "size": "l"},
    {"kind": "variable", "name": "subject"},
    {"kind": "bar", "size": "s"},
    {"kind": "bar", "size": "xl"},
    {"kind": "variable", "name": "light"},
    {"kind": "bar", "size": "m"},
]
CHOICES = [
    ChoiceRow("light", [Choice("noon", 1), Choice("dusk", 2), Choice("fog", None)], is_free=False),
    ChoiceRow("subject", [Choice("lighthouse", 1)], is_free=True),
]

MODELS = [SelectChoice("a", "Bracket House 1"), SelectChoice("b", "SDXL")]
LICENCES = [SelectChoice("p", "Personal"), SelectChoice("c", "Commercial")]

blueprint = Blueprint("style", __name__)


class Specimen(Form):
    """One field of every kind."""

    title = StringField("Title", [InputRequired("Give the prompt a title.")])
    about = TextAreaField("Description", description="Two or three sentences for buyers.")
    tags = StringField("Tags", [Length(max=4, message="That are too many: keep to four letters.")])
    model = SelectField("Model", choices=MODELS)
    licence = RadioField("Licence", choices=LICENCES, default="p")
    terms = BooleanField("Deliver at once")


@blueprint.get("/_/style")
@public
def page() -> Any:
    """All components side by side; not there in production."""
    if services().settings.production:
        raise NotFoundError
    newest = queries.latest(db(), CARDS)
    return render_template(
        "discovery/style.html",
        cards=cards(newest),
        listing=_page_of(newest[0].listing_id) if newest else None,
        rows=CHOICES,
        proof=home_proof(queries.latest_proof(db())),
        forms={theme: _specimen(theme) for theme in ("light", "dark")},
        pages=Page(items=[], number=2, size=24, total=60),
        tiers=list(Tier),
        skeleton_parts=SKELETON,
    )


def _page_of(listing_id: str) -> ListingPage:
    found, version = queries.listing_for(db(), listing_id, viewer_id=None)
    return listing_page(found, version, completed_run_of(db(), version.id))


def _specimen(theme: str) -> Specimen:
    """A form that was sent with mistakes; its ids carry the theme, as both stand on one page."""
    form = Specimen(data={"tags": "far too many", "model": "a"}, prefix=f"{theme}-")
    form.validate()
    return form
