"""Forms of selling: opting in, and a listing's words, prompt and settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from marketplace.accounts.operations import handle_problem
from marketplace.core.money import Money, parse_price
from marketplace.listings.catalogue import scheduler_name
from marketplace.listings.checks import (
    MAX_DESCRIPTION,
    MAX_GUIDE,
    MAX_SUMMARY,
    MAX_TAG,
    MAX_TAGS,
    MAX_TITLE,
    MIN_DESCRIPTION,
    MIN_TITLE,
    DraftContents,
    price_problem,
    settings_problems,
    word_problems,
)
from marketplace.listings.licences import DEFAULT_LICENCE, licences
from marketplace.listings.models import MAX_PRICE_CENTS, MIN_PRICE_CENTS, Category, TargetModel
from marketplace.prompts import TemplateError, parse

_STEPS = re.compile(r"[0-9]{1,4}")
_GUIDANCE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f<>\u202a-\u202e\u2066-\u2069]")


def _one_line(text: str | None) -> str | None:
    return " ".join(text.split()) if text else text


def _lines(text: str | None) -> str | None:
    # Browsers send CRLF; positions in messages count from what the person sees.
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip() if text else text


def _at_most(characters: int) -> Length:
    return Length(max=characters, message=f"At most {characters} characters, please.")


class StartForm(FlaskForm):
    """Opting in to selling."""

    display_name = StringField(
        "Shop name",
        description="Shown beside your prompts.",
        validators=[
            DataRequired("Give your shop a name."),
            Length(max=60, message="At most 60 characters, please."),
        ],
        filters=[_one_line],
    )
    handle = StringField(
        "Handle",
        description="Your page's address: small letters, digits and hyphens.",
        validators=[DataRequired("Choose a handle.")],
        filters=[lambda text: text.strip().lower().removeprefix("@") if text else text],
    )
    terms = BooleanField(
        "I sell only prompts that I wrote and samples that they made, and I keep to the rules.",
        validators=[DataRequired("Please agree to this before you sell.")],
    )

    def validate_display_name(self, field: StringField) -> None:
        """Names are shown to everybody; keep out what is no name."""
        if _UNPRINTABLE.search(field.data or ""):
            raise ValidationError("Please use letters, digits and ordinary punctuation only.")

    def validate_handle(self, field: StringField) -> None:
        """The form of a handle; whether it is free shows when it is taken."""
        problem = handle_problem(field.data or "")
        if problem is not None:
            raise ValidationError(problem)


def _one_of_the_choices(said: str) -> Callable[[Any, Any], None]:
    """A menu's check that says what to do, where the library's own says what is wrong."""

    def check(form: Any, field: Any) -> None:
        if field.data not in {value for value, _ in field.choices}:
            raise ValidationError(said)

    return check


class DraftForm(FlaskForm):
    """Everything a seller writes about a listing; samples come on the next page."""

    title = StringField(
        "Title", validators=[DataRequired("Give the listing a title.")], filters=[_one_line]
    )
    description = TextAreaField(
        "Description",
        validators=[DataRequired("Say what a buyer can make with it.")],
        filters=[_lines],
    )
    category = SelectField(
        "Category",
        validate_choice=False,
        validators=[DataRequired("Choose a category."), _one_of_the_choices("Choose a category.")],
    )
    tags = StringField("Tags", filters=[_one_line])
    target_model = SelectField(
        "Target model",
        validate_choice=False,
        validators=[DataRequired("Choose a model."), _one_of_the_choices("Choose a model.")],
    )
    prompt = TextAreaField(
        "Prompt", validators=[DataRequired("Write the prompt.")], filters=[_lines]
    )
    steps = StringField("Steps", filters=[_one_line])
    guidance = StringField("Guidance", filters=[_one_line])
    scheduler = SelectField("Scheduler", validate_choice=False)
    price = StringField("Price", validators=[DataRequired("Name a price.")], filters=[_one_line])
    summary = StringField("Summary", validators=[_at_most(MAX_SUMMARY)], filters=[_one_line])
    guide = TextAreaField("Guide for buyers", validators=[_at_most(MAX_GUIDE)], filters=[_lines])
    licence = RadioField(
        "Licence", default=DEFAULT_LICENCE, validate_choice=False, validators=[Optional()]
    )

    def __init__(
        self, categories: list[Category], models: list[TargetModel], **options: Any
    ) -> None:
        super().__init__(**options)
        self.models = {model.slug: model for model in models}
        self.category.choices = [("", "Choose…")] + [(row.slug, row.name) for row in categories]
        self.target_model.choices = [
            (row.slug, f"{row.name} ({row.tier_now.label})") for row in models
        ]
        self.licence.choices = [(one.slug, one.name) for one in licences()]
        names = dict.fromkeys(name for row in models for name in row.schedulers)
        self.scheduler.choices = [("", "The model's default")] + [
            (name, scheduler_name(name)) for name in names
        ]

    def validate_title(self, field: StringField) -> None:
        """Length in characters."""
        if not MIN_TITLE <= len(field.data or "") <= MAX_TITLE:
            raise ValidationError(f"Write {MIN_TITLE} to {MAX_TITLE} characters.")

    def validate_description(self, field: TextAreaField) -> None:
        """Length in characters."""
        if not MIN_DESCRIPTION <= len(field.data or "") <= MAX_DESCRIPTION:
            raise ValidationError(f"Write {MIN_DESCRIPTION} to {MAX_DESCRIPTION} characters.")

    def validate_tags(self, field: StringField) -> None:
        """How many, and how long each may be."""
        tags = read_tags(field.data or "")
        if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags):
            raise ValidationError(f"Use at most {MAX_TAGS} tags of at most {MAX_TAG} characters.")

    def validate_prompt(self, field: TextAreaField) -> None:
        """Every mistake in the template, with its place."""
        try:
            parse(field.data or "")
        except TemplateError as error:
            *others, last = [
                f"Line {problem.line}, column {problem.column}: {problem.message}"
                for problem in error.problems
            ]
            field.errors = [*field.errors, *others]
            raise ValidationError(last) from None

    def validate_steps(self, field: StringField) -> None:
        """A whole number, or nothing for the model's default."""
        if field.data and _STEPS.fullmatch(field.data) is None:
            raise ValidationError("Write a whole number such as 20, or leave it empty.")

    def validate_guidance(self, field: StringField) -> None:
        """A number with at most two decimals, or nothing for the model's default."""
        if field.data and _GUIDANCE.fullmatch(field.data) is None:
            raise ValidationError("Write a number such as 4 or 4.5, or leave it empty.")

    def validate_price(self, field: StringField) -> None:
        """Dollars and cents within the range of the shop."""
        try:
            problem = price_problem(parse_price(field.data or ""))
        except ValueError as error:
            limits = f"{Money(MIN_PRICE_CENTS)} to {Money(MAX_PRICE_CENTS)}"
            raise ValidationError(f"{error} Prices go from {limits}.") from None
        if problem is not None:
            raise ValidationError(problem)

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field by itself, then what depends on the chosen model, then the words."""
        acceptable = super().validate(extra_validators)
        problems = self._settings_problems()
        if acceptable and not problems:
            problems = word_problems(self.contents())
        for name, message in problems.items():
            self[name].errors = [*self[name].errors, message]
        return acceptable and not problems

    def _settings_problems(self) -> dict[str, str]:
        """What the chosen model does not take; nothing while a field is unreadable by itself."""
        model = self.models.get(str(self.target_model.data))
        if model is None or self.steps.errors or self.guidance.errors:
            return {}
        scheduler, steps, guidance = self.settings()
        return settings_problems(
            model,
            scheduler or next(iter(model.schedulers), ""),
            int(steps) if steps else model.steps_default,
            float(guidance) if guidance else model.guidance_default,
        )

    def contents(self) -> DraftContents:
        """What was typed, typed; call it on a form whose fields are valid."""
        model = self.models[str(self.target_model.data)]
        scheduler, steps, guidance = self.settings()
        return DraftContents(
            title=self.title.data or "",
            description=self.description.data or "",
            category_slug=str(self.category.data),
            tags=read_tags(self.tags.data or ""),
            price=parse_price(self.price.data or ""),
            prompt=self.prompt.data or "",
            target_model_slug=model.slug,
            scheduler=scheduler or next(iter(model.schedulers), ""),
            steps=int(steps) if steps else model.steps_default,
            guidance=float(guidance) if guidance else model.guidance_default,
            summary=self.summary.data or "",
            guide=self.guide.data or "",
            licence=self.licence.data or DEFAULT_LICENCE,
        )

    def settings(self) -> tuple[str, str, str]:
        """Scheduler, steps and guidance as typed, a point for a comma; empty where the model has
        none: the fields stay on the page for the other models.
        """
        if not self.models[str(self.target_model.data)].takes_settings:
            return "", "", ""
        guidance = (self.guidance.data or "").replace(",", ".")
        return self.scheduler.data or "", self.steps.data or "", guidance


def read_tags(text: str) -> tuple[str, ...]:
    """Tags separated by commas: small letters, each once, in the order typed."""
    cleaned = (" ".join(re.sub(r"[^\w\s-]", " ", part).split()) for part in text.lower().split(","))
    return tuple(dict.fromkeys(tag for tag in cleaned if tag))
