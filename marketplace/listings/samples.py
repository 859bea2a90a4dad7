"""Sample pictures of a draft: adding, changing, removing. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.vault import PromptVault
from marketplace.gateways.blobs import BlobStore
from marketplace.images import CheckedImage
from marketplace.listings.checks import seed_problem
from marketplace.listings.models import MAX_SAMPLES, Listing, ListingVersion, Sample
from marketplace.listings.pictures import store_derivatives, store_original
from marketplace.listings.queries import lock_listing, version_of
from marketplace.listings.states import ListingState
from marketplace.listings.words import words_of
from marketplace.prompts import Template, parse, variable_key
from marketplace.prompts.filling import resolve_values

MAX_ALT = 300


def add_sample(
    session: Session,
    vault: PromptVault,
    blobs: BlobStore,
    listing: Listing,
    picture: CheckedImage,
    values: Mapping[str, str],
    seed: int | None,
) -> Sample:
    """Store a picture with the values and seed that the seller says made it.

    Args:
        seed: None exactly where the target model takes none.

    Raises:
        FillError: values that do not fit the prompt's variables.
        InvalidError: a tenth sample, the same picture twice, a seed out of range.
        ConflictError: the listing is no draft.
    """
    version, template = _draft_version(session, vault, listing)
    resolved = resolve_values(template, values)
    _check_seed(version, seed)
    return _store(session, blobs, listing, version, picture, resolved, seed)


def keep_picture(
    session: Session,
    vault: PromptVault,
    blobs: BlobStore,
    listing: Listing,
    picture: CheckedImage,
    seed: int | None,
) -> Sample:
    """Store a picture whose values its seller has still to say; defaults stand in for them.

    Args:
        seed: None where it is not known yet; submitting asks for it.

    Raises:
        InvalidError: a tenth sample, the same picture twice.
        ConflictError: the listing is no draft.
    """
    version, template = _draft_version(session, vault, listing)
    if seed_problem(version.target_model, seed) is not None:
        seed = None
    return _store(session, blobs, listing, version, picture, fitted_values(template, {}), seed)


def _store(
    session: Session,
    blobs: BlobStore,
    listing: Listing,
    version: ListingVersion,
    picture: CheckedImage,
    values: dict[str, str],
    seed: int | None,
) -> Sample:
    """A new sample in the first free place."""
    _check_room(version, picture)
    taken = {sample.position for sample in version.samples}
    sample = Sample(
        version_id=version.id,
        position=min(set(range(1, MAX_SAMPLES + 1)) - taken),
        values=values,
        seed=seed,
        original_key=store_original(blobs, picture),
        file_sha256=bytes.fromhex(picture.sha256),
        pixel_sha256=bytes.fromhex(picture.pixel_sha256),
        width=picture.width,
        height=picture.height,
        alt=alt_text(words_of(listing, version).title, values),
        derivatives=store_derivatives(blobs, picture.image),
    )
    version.samples.append(sample)
    session.flush()
    return sample


def change_sample(
    session: Session,
    vault: PromptVault,
    listing: Listing,
    sample_id: str,
    values: Mapping[str, str],
    seed: int | None,
) -> Sample:
    """Correct the values or the seed of a draft's sample.

    Raises:
        FillError, InvalidError, ConflictError: as add_sample; NotFoundError: a foreign sample.
    """
    version, template = _draft_version(session, vault, listing)
    sample = _of_version(version, sample_id)
    resolved = resolve_values(template, values)
    _check_seed(version, seed)
    sample.values, sample.seed = resolved, seed
    sample.alt = alt_text(words_of(listing, version).title, resolved)
    session.flush()
    return sample


def remove_sample(session: Session, vault: PromptVault, listing: Listing, sample_id: str) -> None:
    """Take a sample out of a draft; the later ones move up.

    Its blobs stay for now: an earlier version, or another listing, may show the same picture.
    """
    version, _ = _draft_version(session, vault, listing)
    gone = next((sample for sample in version.samples if sample.id == sample_id), None)
    if gone is None:
        return  # a second click on the same button
    version.samples.remove(gone)
    session.flush()
    for position, sample in enumerate(version.samples, start=1):
        sample.position = position
        session.flush()  # one at a time, each into the place just vacated: positions are unique


def fitted_values(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """A sample's values after its prompt changed: kept by name, else the default, else blank.

    What no longer fits is left for the seller to see and mend; submitting checks again.
    """
    kept = {variable_key(name): value for name, value in values.items()}
    return {
        variable.name: kept.get(variable.key) or variable.default or ""
        for variable in template.variables
    }


def alt_text(title: str, values: Mapping[str, str]) -> str:
    """What a picture shows in words that are public anyway: the title and the sample's values."""
    parts = ", ".join(f"{name}: {value}" for name, value in values.items() if value)
    text = f"{title} ({parts})" if parts else title
    return text if len(text) <= MAX_ALT else text[: MAX_ALT - 1].rstrip() + "…"


def _draft_version(
    session: Session, vault: PromptVault, listing: Listing
) -> tuple[ListingVersion, Template]:
    """The version that may still be changed, under the listing's lock."""
    lock_listing(session, listing)
    if listing.working_state is not ListingState.DRAFT:
        raise ConflictError("This listing has been submitted; its samples cannot change now.")
    version = version_of(session, listing)
    return version, draft_template(vault, version)


def draft_template(vault: PromptVault, version: ListingVersion) -> Template:
    """A draft's prompt; one without a word while nothing acceptable has been written."""
    prompt = vault.open(version.prompt_sealed)
    return parse(prompt) if prompt else Template((), ())


def _of_version(version: ListingVersion, sample_id: str) -> Sample:
    for sample in version.samples:
        if sample.id == sample_id:
            return sample
    raise ConflictError("This sample has been removed meanwhile.")


def _check_seed(version: ListingVersion, seed: int | None) -> None:
    problem = seed_problem(version.target_model, seed)
    if problem is not None:
        raise InvalidError(problem, "bad_seed", field="seed")


def _check_room(version: ListingVersion, picture: CheckedImage) -> None:
    if len(version.samples) >= MAX_SAMPLES:
        raise InvalidError(
            f"A listing has at most {MAX_SAMPLES} samples. Remove one first.",
            "too_many_samples",
            field="file",
        )
    for number, sample in enumerate(version.samples, start=1):
        if sample.pixel_sha256.hex() == picture.pixel_sha256:
            raise InvalidError(
                f"This is the same picture as sample {number}. Choose another one.",
                "same_picture",
                field="file",
            )
