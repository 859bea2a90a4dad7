"""Writing a listing: the first page (words, prompt, settings), and its live preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.listings.availability import closed_reason
from marketplace.listings.drafting import create_draft, revise
from marketplace.listings.forms import DraftForm
from marketplace.listings.hints import hints, lint_context
from marketplace.listings.models import TargetModel
from marketplace.listings.picture_table import PictureTable, taken_fields
from marketplace.listings.picture_views import taken_from_sample, uploaded_table
from marketplace.listings.presenters import draft_fields
from marketplace.listings.queries import categories, own_listing, target_models, version_of
from marketplace.listings.states import LISTING_STATES, ListingAction
from marketplace.prompts import (
    TemplateError,
    describe_variable,
    example,
    parse,
    public_variables,
    word_count,
)
from marketplace.prompts.importing import Imported, import_template
from marketplace.prompts.redaction import PublicVariable
from marketplace.task_names import TaskName

MAX_LIVE_HINTS = 6


@requires(Permission.SELL_LISTINGS_WRITE)
def new() -> ResponseReturnValue:
    """Start a listing."""
    form = DraftForm(categories(db()), _open_models())
    if _wants_conversion():
        return _converted(form, None)
    if form.validate_on_submit():
        try:
            listing = create_draft(db(), services().vault, current_user.id, form.contents())
        except InvalidError as error:
            _beside_field(form, error)
        else:
            flash("Saved. Now add the pictures that your prompt made.", "success")
            return redirect(url_for("sell.listing", listing_id=listing.id, _anchor="samples"))
    return _form_page(form, None)


@requires(Permission.SELL_LISTINGS_WRITE)
def from_picture() -> ResponseReturnValue:
    """The form of a new listing, filled with what a picture says about its making."""
    table = uploaded_table()
    if table is None:
        flash("Choose a picture first.", "warning")
        return redirect(url_for("sell.new"))
    fields, labels = taken_fields(table, list(table.values))
    form = DraftForm(categories(db()), _open_models(), formdata=None, data=fields)
    return _form_page(form, None, table=table, taken=labels, fresh=True)


@requires(Permission.SELL_LISTINGS_WRITE)
def edit(listing_id: str) -> ResponseReturnValue:
    """Change a draft, or a rejected or withdrawn listing, which becomes a draft again."""
    listing = own_listing(db(), current_user.id, listing_id)
    # Refused here and not only at saving: nobody should type for nothing.
    LISTING_STATES.next(listing.state, ListingAction.REVISE)
    version = version_of(db(), listing)
    fields = draft_fields(listing, version, services().vault)
    # Once sent, the form holds what was taken over; the file need not be read again.
    taken, labels = ({}, []) if request.method == "POST" else taken_from_sample(listing)
    form = DraftForm(categories(db()), _open_models(), data=fields | taken)
    if _wants_conversion():
        return _converted(form, listing)
    if form.validate_on_submit():
        try:
            revise(db(), services().vault, listing, form.contents(), current_user.id)
            enqueue(db(), services().queue, TaskName.CHECK_PREFLIGHT, listing.id)
        except InvalidError as error:
            _beside_field(form, error)
        else:
            flash("Saved.", "success")
            return redirect(url_for("sell.listing", listing_id=listing.id))
    return _form_page(form, listing, taken=labels)


@requires(Permission.SELL_LISTINGS_WRITE)
def preview() -> ResponseReturnValue:
    """What the prompt typed so far means: its variables, or its mistakes with their places."""
    try:
        template = parse(request.form.get("prompt", ""))
    except TemplateError as error:
        problems = [
            {"line": problem.line, "column": problem.column, "message": problem.message}
            for problem in error.problems
        ]
        return jsonify(problems=problems, variables=[], words=0, hints=[], example="")
    model = db().get(TargetModel, request.form.get("target_model", ""))
    found = hints(request.form["prompt"], lint_context(services().settings, model))
    return jsonify(
        problems=[],
        variables=[_described(variable) for variable in public_variables(template)],
        words=word_count(template),
        example=example(template),
        hints=[asdict(hint) for hint in found[:MAX_LIVE_HINTS]],
    )


def _described(variable: PublicVariable) -> dict[str, Any]:
    """A variable for the preview; the page itself can put plain ones into words."""
    special = "kind" in variable or "limits" in variable
    return {**variable, "described": describe_variable(variable)} if special else {**variable}


def _beside_field(form: DraftForm, error: InvalidError) -> None:
    """Put a refusal of the operation beside its field."""
    field = form._fields.get(error.field or "", form.title)
    field.errors = [*field.errors, error.message]


def _wants_conversion() -> bool:
    """True when the button that converts brackets was pressed instead of the one that saves."""
    return request.method == "POST" and "convert" in request.form


def _converted(form: DraftForm, listing: object | None) -> ResponseReturnValue:
    """The form again with other tools' brackets converted in its prompt; nothing is saved."""
    typed = form.prompt.data or ""
    first = import_template(typed)
    answers = {
        question.id: request.form.get(f"answer-{number}", "")
        for number, question in enumerate(first.questions, start=1)
    }
    imported = import_template(typed, answers=answers)
    if not imported.questions:
        # With a question open the text stays as typed: its places are what the question is about.
        form.prompt.data = imported.source
    return _form_page(form, listing, imported=imported, fresh=True)


def _form_page(
    form: DraftForm,
    listing: object | None,
    table: PictureTable | None = None,
    taken: Sequence[str] = (),
    imported: Imported | None = None,
    fresh: bool = False,
) -> ResponseReturnValue:
    """The form; ``fresh`` where it was sent for another reason than to be saved."""
    status = 422 if form.is_submitted() and not fresh else 200
    closed = [(model, closed_reason(model)) for model in target_models(db()) if not model.is_open]
    page = render_template(
        "listings/edit.html",
        form=form,
        listing=listing,
        models=list(form.models.values()),
        closed=closed,
        table=table,
        taken=taken,
        imported=imported or (table.imported if table else None),
    )
    return page, status


def _open_models() -> list[TargetModel]:
    return [model for model in target_models(db()) if model.is_open]
