"""Writing a listing: its words, prompt and settings. Nothing here commits."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.vault import PromptVault
from marketplace.listings.availability import closed_reason
from marketplace.listings.checks import (
    DraftContents,
    price_problem,
    settings_problems,
    word_problems,
)
from marketplace.listings.licences import DEFAULT_LICENCE
from marketplace.listings.lifecycle import record_creation, record_edit, reopen
from marketplace.listings.models import Category, Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.queries import lock_listing, version_of
from marketplace.listings.samples import alt_text, fitted_values
from marketplace.listings.states import (
    LISTING_STATES,
    TURNED_AWAY,
    ListingAction,
    ListingState,
)
from marketplace.listings.wizard.rows import forget
from marketplace.listings.words import Words, show_words, words_of, write_words
from marketplace.prompts import Template, parse, public_variables, skeleton, word_count


def create_draft(
    session: Session, vault: PromptVault, seller_id: str, contents: DraftContents
) -> Listing:
    """A new listing in the draft state with its first version.

    Raises:
        TemplateError: the prompt cannot be parsed (line and column inside).
        InvalidError: any other field, named by ``field``.
    """
    _, model = _checked(session, contents)
    listing = Listing(seller_id=seller_id, state=ListingState.DRAFT, tags=[], currency="usd")
    show_words(listing, _words_in(contents))
    session.add(listing)
    session.flush()
    _new_version(session, vault, listing, contents, model, number=1)
    record_creation(session, listing, seller_id)
    return listing


def revise(
    session: Session, vault: PromptVault, listing: Listing, contents: DraftContents, actor_id: str
) -> Listing:
    """Change a draft in place, or reopen a rejected or withdrawn listing with a new version.

    Samples stay: those of a draft keep the values that still fit, those of other listings are
    copied to the new version, for what was submitted and judged is never altered. Their seeds go
    where the model takes none.

    Raises:
        ConflictError: when the listing is elsewhere.
        TemplateError, InvalidError: as create_draft.
    """
    lock_listing(session, listing)
    LISTING_STATES.next(listing.state, ListingAction.REVISE)
    LISTING_STATES.next(listing.working_state, ListingAction.REVISE)  # of an edit since withdrawn
    template, model = _checked(session, contents)
    show_words(listing, _words_in(contents))
    old = version_of(session, listing)
    if listing.state is ListingState.DRAFT:
        _write_version(vault, old, contents, model)
        version = old
    else:
        version = _new_version(
            session, vault, listing, contents, model, number=_next_number(session, listing.id)
        )
        version.samples = [_copy(sample) for sample in old.samples]
        reopen(session, listing, actor_id)
    for sample in version.samples:
        sample.values = fitted_values(template, sample.values)
        sample.alt = alt_text(listing.title, sample.values)
        if not model.seedable:
            sample.seed = None
    forget(session, listing.id)  # of what was typed step by step, this is the newer word
    session.flush()
    return listing


def reopen_draft(session: Session, listing: Listing, actor_id: str) -> Listing:
    """A draft that says the same as the newest version, samples included, to be changed.

    What was submitted and judged is never altered: the draft is a new version. A rejected or
    withdrawn listing becomes a draft itself; one on sale stays so, and the draft is an edit of it.

    Raises:
        ConflictError: when the newest version is at work, with verification or a moderator.
    """
    lock_listing(session, listing)
    if listing.working_state is ListingState.DRAFT:
        return listing  # a second click
    old = version_of(session, listing)
    if listing.state is not ListingState.LIVE:
        LISTING_STATES.next(listing.working_state, ListingAction.REVISE)
        show_words(listing, words_of(listing, old))  # an edit's own, where it was one
        _make_newest(session, listing, _twin(session, old))
        reopen(session, listing, actor_id)
        return listing
    if listing.edit is not None:
        LISTING_STATES.next(listing.working_state, ListingAction.REVISE)
    twin = _twin(session, old)
    twin.edit_state = ListingState.DRAFT
    write_words(listing, twin, words_of(listing, old))
    _make_newest(session, listing, twin)
    record_edit(session, listing, actor_id)
    return listing


def discard_edit(session: Session, listing: Listing, actor_id: str) -> None:
    """Give up an edit that is a draft or was rejected; what is on sale stays as it is.

    Raises:
        ConflictError: there is none, or it is at work.
    """
    lock_listing(session, listing)
    if listing.edit is None or listing.live_version_id is None:
        raise ConflictError("There is no edit to give up.")
    if listing.working_state not in (ListingState.DRAFT, *TURNED_AWAY):
        raise ConflictError("This edit is being checked. Stop that first.")
    record_edit(session, listing, actor_id, given_up=True)
    forget(session, listing.id)
    listing.version_id = listing.live_version_id
    listing.rejection_code = listing.rejection_text = None
    session.flush()
    session.expire(listing, ["version"])


def _checked(session: Session, contents: DraftContents) -> tuple[Template, TargetModel]:
    """The parsed prompt and the model, once every field is acceptable."""
    template = parse(contents.prompt)
    model = session.get(TargetModel, contents.target_model_slug)
    if model is None:
        raise InvalidError("Choose one of the target models.", field="target_model")
    closed = closed_reason(model)
    if closed is not None:
        raise InvalidError(f"{model.name}: {closed}", "model_closed", field="target_model")
    if session.get(Category, contents.category_slug) is None:
        raise InvalidError("Choose one of the categories.", field="category")
    problems = {
        **word_problems(contents),
        **settings_problems(model, contents.scheduler, contents.steps, contents.guidance),
    }
    price = price_problem(contents.price)
    if price is not None:
        problems["price"] = price
    for name, message in problems.items():
        raise InvalidError(message, field=name)
    return template, model


def _words_in(contents: DraftContents) -> Words:
    return Words(
        contents.title,
        contents.summary,
        contents.description,
        contents.category_slug,
        contents.tags,
        contents.price.cents,
    )


def _new_version(
    session: Session,
    vault: PromptVault,
    listing: Listing,
    contents: DraftContents,
    model: TargetModel,
    number: int,
) -> ListingVersion:
    """Add a version and make it the listing's newest."""
    version = ListingVersion(listing_id=listing.id, number=number, samples=[])
    _write_version(vault, version, contents, model)
    return _make_newest(session, listing, version)


def _make_newest(session: Session, listing: Listing, version: ListingVersion) -> ListingVersion:
    session.add(version)
    session.flush()
    listing.version_id = version.id
    session.flush()
    session.expire(listing, ["version"])
    return version


def _write_version(
    vault: PromptVault, version: ListingVersion, contents: DraftContents, model: TargetModel
) -> None:
    """A whole version as its seller wrote it."""
    write_prompt(vault, version, contents.prompt)
    version.licence = contents.licence
    version.guide_sealed = vault.seal(contents.guide) if contents.guide else None
    _set(version, model, contents.scheduler, contents.steps, contents.guidance)


def write_prompt(vault: PromptVault, version: ListingVersion, prompt: str) -> None:
    """Seal a prompt that parses, and keep beside it only what strangers may see."""
    template = parse(prompt)
    version.prompt_sealed = vault.seal(prompt)
    version.prompt_fingerprint = vault.fingerprint(prompt)
    version.skeleton = list(skeleton(template))
    version.variables = list(public_variables(template))
    version.word_count = word_count(template)


def write_settings(
    version: ListingVersion, model: TargetModel, scheduler: str, steps: str, guidance: str
) -> None:
    """A model with settings that are in order; an empty one means the model's default."""
    _set(
        version,
        model,
        scheduler or next(iter(model.schedulers), ""),
        int(steps) if steps else model.steps_default,
        float(guidance) if guidance else model.guidance_default,
    )


def write_blank(
    session: Session, vault: PromptVault, listing: Listing, model: TargetModel
) -> ListingVersion:
    """The first version of a listing of which nothing is written yet."""
    version = ListingVersion(
        listing_id=listing.id,
        number=1,
        samples=[],
        prompt_sealed=vault.seal(""),
        prompt_fingerprint=vault.fingerprint(""),
        skeleton=[],
        variables=[],
        word_count=0,
        licence=DEFAULT_LICENCE,
    )
    write_settings(version, model, "", "", "")
    return _make_newest(session, listing, version)


def _set(
    version: ListingVersion, model: TargetModel, scheduler: str, steps: int, guidance: float
) -> None:
    version.target_model_slug = model.slug
    version.scheduler, version.steps, version.guidance = scheduler, steps, guidance
    version.width, version.height = model.width, model.height


def _twin(session: Session, old: ListingVersion) -> ListingVersion:
    """The next version, with everything as it was."""
    number = _next_number(session, old.listing_id)
    names = (
        "listing_id prompt_sealed prompt_fingerprint skeleton variables word_count licence "
        "guide_sealed target_model_slug scheduler steps guidance width height"
    )
    kept = {name: getattr(old, name) for name in names.split()}
    samples = [_copy(sample) for sample in old.samples]
    return ListingVersion(number=number, samples=samples, **kept)


def _next_number(session: Session, listing_id: str) -> int:
    query = select(func.max(ListingVersion.number)).where(ListingVersion.listing_id == listing_id)
    return (session.scalar(query) or 0) + 1


def _copy(sample: Sample) -> Sample:
    """The same picture for a new version; its hashes are the picture's and come along."""
    names = (
        "position values seed original_key file_sha256 pixel_sha256 width height alt derivatives "
        "pdq pdq_quality phash64 dct256 fingerprint_version"
    )
    return Sample(**{name: getattr(sample, name) for name in names.split()})
