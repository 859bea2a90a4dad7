"""One row of a table becomes a draft: what is taken over of it, and what is said about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.images import UploadError, read_upload
from marketplace.listings.bulk.archive import Pictures
from marketplace.listings.bulk.limits import MAX_TOLD
from marketplace.listings.bulk.table import SampleCell, TableRow
from marketplace.listings.licences import licences
from marketplace.listings.models import Category, Listing, ListingVersion, TargetModel
from marketplace.listings.readiness import readiness_problems
from marketplace.listings.samples import keep_picture
from marketplace.listings.wizard import drafts
from marketplace.listings.wizard.following import read_seed, seed_input, value_input
from marketplace.listings.wizard.forms import WizardForm
from marketplace.listings.wizard.problems import form_for


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one row. Without a listing nothing was made of it."""

    number: int
    title: str
    listing_id: str | None = None
    messages: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_ready(self) -> bool:
        """True when the draft could be submitted as it is."""
        return self.listing_id is not None and not self.messages


def take_in_row(
    session: Session,
    services: Services,
    seller_id: str,
    row: TableRow,
    pictures: Pictures | None,
) -> RowReport:
    """A draft of one row, with what is still to be mended in it. Nothing here commits.

    A row whose prompt the seller has in a listing already is left out, and one whose prompt cannot
    be read makes nothing, so that sending a mended table again makes nothing twice.

    Args:
        pictures: of the archive; None where none was sent.
    """
    title = title_of(row)
    prompt = row.typed.get("prompt", "")
    form = form_for(session)
    fault = row.fault or _prompt_fault(form.filled({"prompt": prompt}))
    if not fault and _has_prompt(session, services.vault.fingerprint(prompt), seller_id):
        fault = "Left out: a listing of yours has this prompt already."
    if fault:
        return RowReport(row.number, title, messages=(fault,))
    models = list(form.models.values())
    shelves = list(session.scalars(select(Category).order_by(Category.position)))
    listing = drafts.begin(session, services.vault, seller_id, shelves, models)
    typed, unknown = _by_slug(row.typed, shelves, models)
    refused, about_samples = _samples(session, services, listing, row.samples, pictures)
    try:
        drafts.write(session, services.vault, listing, form, {**typed, **about_samples})
    except InvalidError as error:
        refused.append(error.message)
    problems = readiness_problems(session, services.vault, listing)
    told = [problem.message for problem in problems if problem.field not in unknown]
    messages = (*unknown.values(), *refused, *dict.fromkeys(told))
    return RowReport(row.number, title, listing.id, messages)


def title_of(row: TableRow) -> str:
    """What a report calls a row."""
    return row.typed.get("title", "")[:80] or "(no title)"


def _prompt_fault(form: WizardForm) -> str:
    """Why nothing can be made of a row; the rest of it can be mended in the draft."""
    told = form.problems().get("prompt")
    return f"Prompt: {' '.join(told)} Mend the row and send the table again." if told else ""


def _has_prompt(session: Session, fingerprint: bytes, seller_id: str) -> bool:
    query = (
        select(ListingVersion.id)
        .join(Listing, Listing.id == ListingVersion.listing_id)
        .where(ListingVersion.prompt_fingerprint == fingerprint, Listing.seller_id == seller_id)
        .limit(1)
    )
    return session.scalar(query) is not None


def _by_slug(
    typed: dict[str, str], shelves: Sequence[Category], models: Sequence[TargetModel]
) -> tuple[dict[str, str | None], dict[str, str]]:
    """The cells with names of shelves, models and licences turned into what the form knows.

    And by column what is said of a name that nobody knows.
    """
    slugs = {
        "category": {shelf.name.casefold(): shelf.slug for shelf in shelves},
        "target_model": {model.name.casefold(): model.slug for model in models},
        "licence": {one.name.casefold(): one.slug for one in licences()},
    }
    known: dict[str, str | None] = {}
    unknown = {}
    for name, text in typed.items():
        names = slugs.get(name)
        known[name] = names.get(text.casefold(), text) if names is not None else text
        if names is not None and known[name] not in names.values():
            label = name.replace("_", " ").capitalize()
            unknown[name] = f"{label}: there is no “{text[:MAX_TOLD]}”. Choose one in the draft."
    return known, unknown


def _samples(
    session: Session,
    services: Services,
    listing: Listing,
    cells: Sequence[SampleCell],
    pictures: Pictures | None,
) -> tuple[list[str], dict[str, str | None]]:
    """Store the pictures; returns what was refused, and what is typed of those that were not."""
    refused: list[str] = []
    typed: dict[str, str | None] = {}
    for cell in cells:
        if pictures is None:
            refused.append(f"{cell.file[:MAX_TOLD]}: there was no archive of pictures.")
            continue
        try:
            picture = read_upload(pictures.read(cell.file), cell.file[:MAX_TOLD])
            sample = keep_picture(
                session, services.vault, services.blobs, listing, picture, read_seed(cell.seed)
            )
        except UploadError as error:
            refused.append(f"{cell.file[:MAX_TOLD]}: {error.message}")
        except InvalidError as error:
            name = f"{cell.file[:MAX_TOLD]}: "
            refused.append(error.message if error.field is None else name + error.message)
        else:
            typed |= {value_input(sample.id, name): value for name, value in cell.values.items()}
            if cell.seed:
                typed[seed_input(sample.id)] = cell.seed
    return refused, typed
