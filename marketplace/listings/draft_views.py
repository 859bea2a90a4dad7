"""Writing a listing: the first page (words, prompt, settings), and its live preview."""

from __future__ import annotations

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
from marketplace.listings.models import TargetModel
from marketplace.listings.presenters import draft_fields
from marketplace.listings.queries import categories, own_listing, target_models, version_of
from marketplace.listings.states import LISTING_STATES, ListingAction
from marketplace.prompts import TemplateError, parse, public_variables, word_count
from marketplace.task_names import TaskName


@requires(Permission.SELL_LISTINGS_WRITE)
def new() -> ResponseReturnValue:
    """Start a listing."""
    form = DraftForm(categories(db()), _open_models())
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
def edit(listing_id: str) -> ResponseReturnValue:
    """Change a draft, or a rejected or withdrawn listing, which becomes a draft again."""
    listing = own_listing(db(), current_user.id, listing_id)
    # Refused here and not only at saving: nobody should type for nothing.
    LISTING_STATES.next(listing.state, ListingAction.REVISE)
    version = version_of(db(), listing)
    fields = draft_fields(listing, version, services().vault.open(version.prompt_sealed))
    form = DraftForm(categories(db()), _open_models(), data=fields)
    if form.validate_on_submit():
        try:
            revise(db(), services().vault, listing, form.contents(), current_user.id)
            enqueue(db(), services().queue, TaskName.CHECK_PREFLIGHT, listing.id)
        except InvalidError as error:
            _beside_field(form, error)
        else:
            flash("Saved.", "success")
            return redirect(url_for("sell.listing", listing_id=listing.id))
    return _form_page(form, listing)


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
        return jsonify(problems=problems, variables=[], words=0)
    return jsonify(problems=[], variables=public_variables(template), words=word_count(template))


def _beside_field(form: DraftForm, error: InvalidError) -> None:
    """Put a refusal of the operation beside its field."""
    field = form._fields.get(error.field or "", form.title)
    field.errors = [*field.errors, error.message]


def _form_page(form: DraftForm, listing: object | None) -> ResponseReturnValue:
    status = 422 if form.is_submitted() else 200
    closed = [(model, closed_reason(model)) for model in target_models(db()) if not model.is_open]
    page = render_template(
        "listings/edit.html",
        form=form,
        listing=listing,
        models=list(form.models.values()),
        closed=closed,
    )
    return page, status


def _open_models() -> list[TargetModel]:
    return [model for model in target_models(db()) if model.is_open]
