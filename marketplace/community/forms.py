"""Forms of reviews and collections."""

from __future__ import annotations

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from marketplace.community.models import MAX_ABOUT, MAX_NAME, MAX_REPLY, MAX_TEXT
from marketplace.community.reviewing import MAX_REASON

STARS = {5: "Excellent", 4: "Good", 3: "All right", 2: "Poor", 1: "Bad"}


def _at_most(characters: int) -> Length:
    return Length(max=characters, message=f"At most {characters:,} characters, please.")


class ReviewForm(FlaskForm):
    """Stars, words, and perhaps a picture."""

    rating = RadioField(
        "Your rating",
        choices=[
            SelectChoice(str(stars), f"{stars} star{'s' if stars > 1 else ''}: {word}")
            for stars, word in STARS.items()
        ],
        validators=[InputRequired("Choose one to five stars.")],
    )
    # Line ends are sent as two characters and kept as one, hence the room; the verb counts again.
    text = TextAreaField("Your review", validators=[_at_most(2 * MAX_TEXT)])
    picture = FileField("A picture you made with it")
    drop_picture = BooleanField("Take the picture away")


class ReplyForm(FlaskForm):
    """A seller's answer; empty takes it back."""

    text = TextAreaField("Your reply", validators=[_at_most(2 * MAX_REPLY)])


class HideForm(FlaskForm):
    """Why a review is hidden."""

    reason = StringField(
        "Reason, for its author", validators=[InputRequired("Say why."), _at_most(MAX_REASON)]
    )


class CollectionForm(FlaskForm):
    """A collection's name, what it is about, and who may see it."""

    name = StringField("Name", validators=[InputRequired("Give it a name."), _at_most(MAX_NAME)])
    about = StringField("What is in it", validators=[_at_most(MAX_ABOUT)])
    public = BooleanField("Public: everybody with the address may see it, with your name")
