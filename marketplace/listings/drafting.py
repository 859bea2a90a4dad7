"""Writing a listing: its words, prompt and settings. Nothing here commits."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.errors import InvalidError
from marketplace.core.ids import slugify
from marketplace.core.vault import PromptVault
from marketplace.listings.availability import closed_reason
from marketplace.listings.checks import (
    DraftContents,
    price_problem,
    settings_problems,
    word_problems,
)
from marketplace.listings.licences import DEFAULT_LICENCE
from marketplace.listings.lifecycle import record_creation, reopen
from marketplace.listings.models import Category, Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.queries import lock_listing, version_of
from marketplace.listings.samples import alt_text, fitted_values
from marketplace.listings.states import LISTING_STATES, ListingAction, ListingState
from marketplace.listings.wizard.rows import forget
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
    _write_words(listing, contents)
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
    template, model = _checked(session, contents)
    _write_words(listing, contents)
    old = version_of(session, listing)
    if listing.state is ListingState.DRAFT:
        _write_version(vault, old, contents, model)
        version = old
    else:
        version = _new_version(session, vault, listing, contents, model, number=old.number + 1)
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
    """Turn a rejected or withdrawn listing into a draft that says the same, samples included.

    What was submitted and judged is never altered: the draft is a new version.

    Raises:
        ConflictError: when the listing is elsewhere.
    """
    lock_listing(session, listing)
    if listing.state is ListingState.DRAFT:
        return listing  # a second click
    LISTING_STATES.next(listing.state, ListingAction.REVISE)
    old = version_of(session, listing)
    _make_newest(session, listing, _twin(old))
    reopen(session, listing, actor_id)
    return listing


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


def _write_words(listing: Listing, contents: DraftContents) -> None:
    listing.title = contents.title
    listing.slug = slugify(contents.title)
    listing.summary = contents.summary
    listing.description = contents.description
    listing.category_slug = contents.category_slug
    listing.tags = list(contents.tags)
    listing.price_cents = contents.price.cents


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


def _twin(old: ListingVersion) -> ListingVersion:
    """The next version, with everything as it was."""
    names = (
        "listing_id prompt_sealed prompt_fingerprint skeleton variables word_count licence "
        "guide_sealed target_model_slug scheduler steps guidance width height"
    )
    kept = {name: getattr(old, name) for name in names.split()}
    samples = [_copy(sample) for sample in old.samples]
    return ListingVersion(number=old.number + 1, samples=samples, **kept)


def _copy(sample: Sample) -> Sample:
    """The same picture for a new version; its hashes are the picture's and come along."""
    names = (
        "position values seed original_key file_sha256 pixel_sha256 width height alt derivatives "
        "pdq pdq_quality phash64 dct256 fingerprint_version"
    )
    return Sample(**{name: getattr(sample, name) for name in names.split()})
