"""The listing follows what is typed, as far as that is acceptable; the rest stays as it was.

So samples, hints and previews always have a draft to work on, while nothing typed is refused.
What is not acceptable yet keeps the listing from being submitted: see problems.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from marketplace.core.ids import slugify
from marketplace.core.money import parse_price
from marketplace.core.vault import PromptVault
from marketplace.listings.checks import MAX_SUMMARY, MAX_TITLE, seed_problem
from marketplace.listings.drafting import write_prompt, write_settings
from marketplace.listings.forms import read_tags
from marketplace.listings.models import Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.queries import version_of
from marketplace.listings.samples import alt_text, draft_template, fitted_values
from marketplace.listings.wizard.forms import WizardForm
from marketplace.prompts import FillError, Template
from marketplace.prompts.filling import resolve_values

SETTINGS = ("scheduler", "steps", "guidance")


def follow(
    session: Session,
    vault: PromptVault,
    listing: Listing,
    form: WizardForm,
    typed: Mapping[str, str],
) -> None:
    """Write what is acceptable of a filled form into a draft's columns, version and samples."""
    refused = form.problems()
    version = version_of(session, listing)
    old_title = listing.title
    _words(listing, form, refused)
    if "price" not in refused:
        listing.price_cents = parse_price(form.price.data or "").cents
    if "category" not in refused:
        listing.category_slug = str(form.category.data)
    if "licence" not in refused:
        version.licence = str(form.licence.data)
    guide = form.guide.data or ""
    version.guide_sealed = vault.seal(guide) if guide else None
    _model(form, refused, version)
    if "prompt" not in refused:
        write_prompt(vault, version, form.prompt.data or "")
    session.flush()
    session.refresh(version, ["target_model"])
    template = draft_template(vault, version)
    for sample in version.samples:
        _sample(sample, template, version.target_model, typed)
        sample.alt = alt_text(listing.title, sample.values)
    if old_title != listing.title:
        listing.slug = slugify(listing.title)
    session.flush()


def _words(listing: Listing, form: WizardForm, refused: Mapping[str, object]) -> None:
    """Only its seller sees a draft, so words that are too short or long are shown as they are."""
    title = form.title.data or ""
    if "title" not in refused:
        listing.title = title
    elif title and title.isprintable():
        listing.title = title[:MAX_TITLE]
    for name, longest in (("summary", MAX_SUMMARY), ("description", None)):
        if name not in refused:
            setattr(listing, name, (form[name].data or "")[:longest])
    if "tags" not in refused:
        listing.tags = list(read_tags(form.tags.data or ""))


def _model(form: WizardForm, refused: Mapping[str, object], version: ListingVersion) -> None:
    model = form.models.get(str(form.target_model.data))
    if model is None:
        return
    usable = not any(name in refused for name in SETTINGS)
    scheduler, steps, guidance = form.settings() if usable else ("", "", "")
    write_settings(version, model, scheduler, steps, guidance)


def _sample(
    sample: Sample, template: Template, model: TargetModel, typed: Mapping[str, str]
) -> None:
    """Values and seed as typed where they fit; else what stood, fitted to the template."""
    values = fitted_values(template, sample.values)
    wanted = {
        name: typed.get(value_input(sample.id, name), value) for name, value in values.items()
    }
    try:
        sample.values = resolve_values(template, wanted)
    except FillError as error:
        good = {name: value for name, value in wanted.items() if name not in error.problems}
        sample.values = values | good
    text = typed.get(seed_input(sample.id))
    seed = sample.seed if text is None else read_seed(text)
    sample.seed = seed if seed_problem(model, seed) is None else None


def value_input(sample_id: str, name: str) -> str:
    """The name of the input that holds a sample's value of a variable."""
    return f"sample.{sample_id}.value.{name}"


def seed_input(sample_id: str) -> str:
    """The name of the input that holds a sample's seed."""
    return f"sample.{sample_id}.seed"


def read_seed(text: str) -> int | None:
    """A seed as typed; None for anything that is no whole number of at most ten digits."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
