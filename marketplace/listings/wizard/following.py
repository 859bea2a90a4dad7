"""The listing follows what is typed, as far as that is acceptable; the rest stays as it was.

So samples, hints and previews always have a draft to work on, while nothing typed is refused.
What is not acceptable yet keeps the listing from being submitted: see problems.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from marketplace.core.money import parse_price
from marketplace.core.vault import PromptVault
from marketplace.listings.checks import MAX_TITLE, seed_problem
from marketplace.listings.drafting import write_prompt, write_settings
from marketplace.listings.forms import read_tags
from marketplace.listings.models import Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.queries import version_of
from marketplace.listings.samples import alt_text, draft_template, fitted_values
from marketplace.listings.wizard.forms import WizardForm
from marketplace.listings.words import Words, words_of, write_words
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
    words = _words(words_of(listing, version), form, refused)
    write_words(listing, version, words)
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
        sample.alt = alt_text(words.title, sample.values)
    session.flush()


def _words(stood: Words, form: WizardForm, refused: Mapping[str, object]) -> Words:
    """Only its seller sees a draft, so words that are too short or long are shown as they are."""
    title = form.title.data or ""
    if "title" in refused:
        title = title[:MAX_TITLE] if title and title.isprintable() else stood.title
    return Words(
        title=title,
        summary=stood.summary if "summary" in refused else form.summary.data or "",
        description=stood.description if "description" in refused else form.description.data or "",
        category_slug=stood.category_slug if "category" in refused else str(form.category.data),
        tags=stood.tags if "tags" in refused else read_tags(form.tags.data or ""),
        price_cents=stood.price_cents
        if "price" in refused
        else parse_price(form.price.data or "").cents,
    )


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
