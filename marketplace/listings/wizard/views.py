"""The wizard over HTTP: one address per step; whatever is sent is kept first, then acted upon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user
from werkzeug.datastructures import FileStorage

from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, save, services
from marketplace.listings import lifecycle
from marketplace.listings.checks import SubmissionError
from marketplace.listings.drafting import discard_edit, reopen_draft
from marketplace.listings.models import Listing
from marketplace.listings.picture_table import taken_fields
from marketplace.listings.picture_views import table_of
from marketplace.listings.queries import (
    categories,
    own_listing,
    sample_of,
    target_models,
    version_of,
)
from marketplace.listings.samples import remove_sample
from marketplace.listings.states import ListingState
from marketplace.listings.wizard import acts, drafts
from marketplace.listings.wizard.following import seed_input, value_input
from marketplace.listings.wizard.pages import Page, label_of, render
from marketplace.listings.wizard.problems import form_for
from marketplace.listings.wizard.rows import draft_of
from marketplace.listings.wizard.steps import BY_SLUG, STEPS, Step, after, home_of
from marketplace.task_names import TaskName


@requires(Permission.SELL_LISTINGS_WRITE)
def begin() -> ResponseReturnValue:
    """The first step of a listing that does not exist yet; the first thing sent makes it."""
    first = STEPS[0]
    if request.method == "GET":
        return render(Page(first, form_for(db()), {}))
    models = [model for model in target_models(db()) if model.is_open]
    listing = drafts.begin(db(), services().vault, current_user.id, categories(db()), models)
    return _take(listing, first, None)


@requires(Permission.SELL_LISTINGS_WRITE)
def resume(listing_id: str) -> ResponseReturnValue:
    """Go on where one was last, on whatever device."""
    listing = own_listing(db(), current_user.id, listing_id)
    row = draft_of(db(), listing.id)
    slug = row.step if row else STEPS[0].slug
    return redirect(url_for("sell.step", listing_id=listing.id, step=slug))


@requires(Permission.SELL_LISTINGS_WRITE)
def revise(listing_id: str) -> ResponseReturnValue:
    """Make a draft of what was rejected, withdrawn or is on sale, and go through its steps."""
    listing = own_listing(db(), current_user.id, listing_id)
    reopen_draft(db(), listing, current_user.id)
    return redirect(url_for("sell.step", listing_id=listing.id, step=STEPS[0].slug))


@requires(Permission.SELL_LISTINGS_WRITE)
def give_up(listing_id: str) -> ResponseReturnValue:
    """Drop an edit of a listing on sale; it stays as it is."""
    listing = own_listing(db(), current_user.id, listing_id)
    discard_edit(db(), listing, current_user.id)
    flash("Given up. What is on sale stays as it is.", "success")
    return redirect(url_for("sell.listing", listing_id=listing.id))


@requires(Permission.SELL_LISTINGS_WRITE)
def step(listing_id: str, step: str) -> ResponseReturnValue:
    """One step: shown as typed, or saved."""
    listing = own_listing(db(), current_user.id, listing_id)
    here = BY_SLUG.get(step)
    if here is None:
        raise NotFoundError
    if listing.working_state is not ListingState.DRAFT:
        if request.method == "POST":
            raise ConflictError("This listing has been submitted; it cannot be edited now.")
        submitted = BY_SLUG["submitted"]
        if here is not submitted:
            return redirect(url_for("sell.step", listing_id=listing.id, step=submitted.slug))
        return render(Page(submitted, form_for(db()), {}, listing=listing))
    if here.slug == "submitted":
        return redirect(url_for("sell.step", listing_id=listing.id, step="check"))
    if request.method == "POST":
        revision = request.form.get("revision", "")
        return _take(listing, here, int(revision) if revision.isdigit() else drafts.UNOPENED)
    return render(replace(_page(listing, here), told="told" in request.args))


def _page(listing: Listing, here: Step) -> Page:
    """A step's page as things stand."""
    revision, typed = drafts.standing(db(), services().vault, listing)
    return Page(here, form_for(db()), typed, revision, listing)


def _take(listing: Listing, here: Step, revision: int | None) -> ResponseReturnValue:
    """Keep what was sent, then do what its button says.

    Args:
        revision: the page's; None for a listing that has just begun.
    """
    mine = _sent(listing, here)
    if revision is None:
        revision = drafts.standing(db(), services().vault, listing)[0]
    try:
        saved = drafts.save(
            db(), services().vault, listing, form_for(db()), mine, revision, here.slug
        )
    except InvalidError as error:
        if _wants_json():
            return jsonify(message=error.message, field=error.field), 422
        flash(error.message, "warning")
        page = _page(listing, here)
        return render(replace(page, typed={**page.typed, **mine})), 422
    if saved.theirs:
        return _disagreement(listing, here, mine, saved)
    save()  # whatever comes of the button, what was typed stays
    if _wants_json():
        return jsonify(
            revision=saved.revision,
            address=url_for("sell.step", listing_id=listing.id, step=here.slug),
        )
    return _act(listing, here)


def _disagreement(
    listing: Listing, here: Step, mine: dict[str, str], saved: drafts.Saved
) -> ResponseReturnValue:
    """Two tabs changed the same input: nothing is saved before its person has chosen."""
    form = form_for(db())
    if _wants_json():
        theirs = [
            {"name": name, "label": label_of(form, name), "text": text}
            for name, text in saved.theirs.items()
        ]
        return jsonify(revision=saved.revision, theirs=theirs), 409
    page = _page(listing, here)
    return render(replace(page, typed={**page.typed, **mine}, theirs=saved.theirs)), 409


def _sent(listing: Listing, here: Step) -> dict[str, str]:
    """The step's inputs out of the form; nothing else that may be in it."""
    known = set(here.fields)
    if here.has_samples:
        version = version_of(db(), listing)
        for sample in version.samples:
            known.add(seed_input(sample.id))
            known |= {value_input(sample.id, one["name"]) for one in version.variables}
    if here.slug == "prompt":
        known |= {
            acts.variable_input(one["name"], part)
            for one in version_of(db(), listing).variables
            for part in acts.PARTS
        }
    return {
        name: text.replace("\r\n", "\n") for name, text in request.form.items() if name in known
    }


def _act(listing: Listing, here: Step) -> ResponseReturnValue:
    """Do what the button that was pressed says."""
    go, _, what = request.form.get("go", "stay").partition(":")
    uploads = [one for one in request.files.getlist("pictures") if one.filename]
    if uploads or go == "pictures":
        return _pictures(listing, uploads)
    if go == "convert":
        return _convert(listing, here)
    if go == "remove":
        remove_sample(db(), services().vault, listing, what)
        _check_preflight(listing)
        return _to(listing, here)
    declaring = _declare(listing) if here.slug == "prompt" else {}
    if go == "declare" or declaring:
        page = replace(_page(listing, here), told=True, declaring=declaring)
        return (render(page), 422) if declaring else _to(listing, here, anchor="variables")
    _check_preflight(listing)
    if go == "stay":
        return _to(listing, here)
    if go == "next" and _is_wrong(listing, here):
        return render(replace(_page(listing, here), told=True)), 422
    return _to(listing, after(here))


def _is_wrong(listing: Listing, here: Step) -> bool:
    """Whether something on a step is not acceptable yet; the first step asks for nothing."""
    if here.slug == "start":
        return False
    page = _page(listing, here)
    return any(home_of(name) is here for name in page.form.filled(page.typed).problems())


def _pictures(listing: Listing, uploads: Sequence[FileStorage]) -> ResponseReturnValue:
    taken = acts.take_in(db(), services(), listing, uploads, target_models(db()))
    form = form_for(db())
    _, typed = drafts.standing(db(), services().vault, listing)
    offered = acts.offered_by(taken, typed)
    if offered:
        drafts.write(db(), services().vault, listing, form, offered)
        names = ", ".join(label_of(form, name) for name in offered)
        flash(f"Read from the picture: {names}. Check each; nobody but you has.", "success")
    for one in taken:
        if one.problem is not None:
            flash(f"{one.name}: {one.problem}", "warning")
    if not uploads:
        flash("Choose a picture first.", "warning")
    _check_preflight(listing)
    save()
    read = next(
        (one.sample.id for one in taken if one.sample and one.table and one.table.rows), None
    )
    return _to(listing, STEPS[0], read=read, anchor="pictures")


def _convert(listing: Listing, here: Step) -> ResponseReturnValue:
    _, typed = drafts.standing(db(), services().vault, listing)
    answers = [
        request.form.get(f"answer-{number}", "") for number in range(1, acts.MAX_QUESTIONS + 1)
    ]
    prompt, imported = acts.converted(typed.get("prompt", ""), answers)
    drafts.write(db(), services().vault, listing, form_for(db()), {"prompt": prompt})
    return render(replace(_page(listing, here), imported=imported))


def _declare(listing: Listing) -> dict[str, str]:
    """Put the inputs about variables into the prompt; returns what is wrong, by variable."""
    _, typed = drafts.standing(db(), services().vault, listing)
    prompt, problems = acts.declare(typed.get("prompt", ""), typed)
    settled = dict.fromkeys(acts.settled_inputs(typed, problems))
    drafts.write(db(), services().vault, listing, form_for(db()), {**settled, "prompt": prompt})
    save()
    return problems


@requires(Permission.SELL_LISTINGS_WRITE)
def take_over(listing_id: str, sample_id: str) -> ResponseReturnValue:
    """Put chosen values out of a sample's file into the draft, over what stands there."""
    listing = own_listing(db(), current_user.id, listing_id)
    table = table_of(sample_of(db(), listing.id, sample_id), answers=request.form)
    if table is None:
        raise NotFoundError
    fields, labels = taken_fields(table, request.form.getlist("take"))
    drafts.write(db(), services().vault, listing, form_for(db()), fields)
    _check_preflight(listing)
    if labels:
        flash(f"Taken over: {', '.join(labels)}. Check each.", "success")
    return _to(listing, BY_SLUG["prompt" if "prompt" in fields else "model"])


@requires(Permission.SELL_LISTINGS_WRITE)
def hand_in(listing_id: str) -> ResponseReturnValue:
    """Submit what the last step has shown; red lights keep it here."""
    listing = own_listing(db(), current_user.id, listing_id)
    try:
        lifecycle.submit(db(), services().vault, services().queue, listing, current_user.id)
    except SubmissionError:
        return _to(listing, BY_SLUG["check"])
    return _to(listing, BY_SLUG["submitted"])


def _check_preflight(listing: Listing) -> None:
    """A rehearsal of what has changed since is of no use to anybody."""
    enqueue(db(), services().queue, TaskName.CHECK_PREFLIGHT, listing.id)


def _to(
    listing: Listing, there: Step, anchor: str | None = None, read: str | None = None
) -> ResponseReturnValue:
    return redirect(
        url_for("sell.step", listing_id=listing.id, step=there.slug, read=read, _anchor=anchor), 303
    )


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
