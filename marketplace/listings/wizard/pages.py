"""What each step's page shows: its inputs as typed, and what helps to fill them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import render_template, request

from marketplace.core.web.request_scope import db, services
from marketplace.listings.availability import closed_reason
from marketplace.listings.checks import Problem
from marketplace.listings.hints import hints, lint_context
from marketplace.listings.licences import licences
from marketplace.listings.models import MAX_SAMPLES, Listing, ListingVersion
from marketplace.listings.picture_views import table_of
from marketplace.listings.queries import target_models, version_of
from marketplace.listings.readiness import readiness_problems
from marketplace.listings.samples import alt_text, draft_template
from marketplace.listings.wizard.acts import variable_input
from marketplace.listings.wizard.checks import checks_of, worst
from marketplace.listings.wizard.colours import colour_tags
from marketplace.listings.wizard.drafts import UNOPENED
from marketplace.listings.wizard.following import seed_input, value_input
from marketplace.listings.wizard.forms import WizardForm
from marketplace.listings.wizard.steps import BY_SLUG, STEPS, Step, home_of
from marketplace.listings.words import words_of
from marketplace.prompts import TemplateError, describe_variable, example, parse, public_variables
from marketplace.prompts.importing import Imported
from marketplace.prompts.redeclaring import parts_of
from marketplace.prompts.tagging import suggest_tags


@dataclass(frozen=True)
class Page:
    """One answer of the wizard, before it is rendered."""

    step: Step
    form: WizardForm
    typed: Mapping[str, str] = field(repr=False)
    revision: int = UNOPENED
    listing: Listing | None = None
    theirs: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By input: what another tab wrote where this page says something else."""
    told: bool = False
    """Say beside each input what is wrong with it."""
    imported: Imported | None = None
    declaring: Mapping[str, str] = field(default_factory=dict)
    """By variable name: why its inputs cannot be put into the prompt."""


def render(page: Page) -> str:
    """The page as HTML."""
    listing = page.listing
    version = version_of(db(), listing) if listing else None
    problems = readiness_problems(db(), services().vault, listing) if listing else []
    form = page.form.filled(page.typed)
    wrong = form.problems() if page.told else {}
    if not page.told:
        form.filled(page.typed)  # anew, without messages
    more = _MORE[page.step.slug](page, version, problems) if version and listing else {}
    return render_template(
        f"listings/wizard/{page.step.slug}.html",
        page=page,
        step=page.step,
        form=form,
        listing=listing,
        version=version,
        words=words_of(listing, version) if listing and version else None,
        state=listing.working_state.value if listing else "draft",
        steps=_places(page, problems),
        number=STEPS.index(page.step) + 1,
        wrong=[name for name in wrong if home_of(name) is page.step],
        labels={name: label_of(form, name) for name in page.theirs},
        max_samples=MAX_SAMPLES,
        **more,
    )


def label_of(form: WizardForm, name: str) -> str:
    """What people call an input."""
    if name in form:
        return str(form[name].label.text)
    *_, last = name.split(".")
    return f"Sample’s {last}" if name.startswith("sample.") else last.capitalize()


@dataclass(frozen=True)
class Place:
    """A step in the list beside the page."""

    step: Step
    is_here: bool
    missing: int
    """Things to be mended on it before the draft can be submitted."""


def _places(page: Page, problems: Sequence[Problem]) -> list[Place]:
    counts: dict[str, int] = {}
    for problem in problems:
        slug = home_of(problem.field).slug if problem.field else "samples"
        counts[slug] = counts.get(slug, 0) + 1
    return [Place(step, step is page.step, counts.get(step.slug, 0)) for step in STEPS]


More = dict[str, Any]


def _start(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    wanted = request.args.get("read", "")
    sample = next((one for one in version.samples if one.id == wanted), None)
    return {"read": sample, "table": table_of(sample) if sample else None}


def _model(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    rows = target_models(db())
    return {
        "models": [row for row in rows if row.is_open],
        "closed": [(row, closed_reason(row)) for row in rows if not row.is_open],
    }


def _prompt(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    text = page.typed.get("prompt", "")
    try:
        template = parse(text)
    except TemplateError as error:
        return {"mistakes": error.problems if text.strip() else ()}
    context = lint_context(services().settings, version.target_model, version.samples)
    rows = []
    for variable in template.variables:
        declared = parts_of(variable)
        parts = {
            part: page.typed.get(variable_input(variable.name, part), value)
            for part, value in declared.items()
        }
        rows.append(
            {
                "name": variable.name,
                "parts": parts,
                "open": parts != declared,
                "error": page.declaring.get(variable.name),
            }
        )
    return {
        "mistakes": (),
        "variables": rows,
        "described": [(one["name"], describe_variable(one)) for one in public_variables(template)],
        "example": example(template),
        "hints": hints(text, context),
    }


def _describe(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    chosen = {tag.strip().lower() for tag in page.typed.get("tags", "").split(",")}
    words = (page.typed.get("title", ""), page.typed.get("description", ""))
    found = suggest_tags(words[0], version.variables, words[1])
    found += colour_tags(services().blobs, version.samples)
    return {"suggested": [tag for tag in dict.fromkeys(found) if tag not in chosen]}


def _samples(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    assert page.listing is not None  # its version is here
    title = words_of(page.listing, version).title
    by_number: dict[int, list[str]] = {}
    for problem in problems:
        if problem.sample is not None:
            by_number.setdefault(problem.sample, []).append(problem.message)
    names = [variable["name"] for variable in version.variables]
    rows = []
    for number, sample in enumerate(version.samples, start=1):
        seed = "" if sample.seed is None else str(sample.seed)
        rows.append(
            {
                "sample": sample,
                "seed_input": seed_input(sample.id),
                "seed": page.typed.get(seed_input(sample.id), seed),
                "values": [
                    (
                        variable,
                        value_input(sample.id, name),
                        page.typed.get(value_input(sample.id, name), sample.values.get(name, "")),
                    )
                    for variable, name in zip(version.variables, names, strict=True)
                ],
                "alt": alt_text(title, sample.values),
                "problems": by_number.get(number, []) if page.told else [],
            }
        )
    return {"rows": rows}


def _price(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    return {"licences": licences()}


def _check(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    assert page.listing is not None  # its version is here
    vault = services().vault
    prompt = vault.open(version.prompt_sealed)
    context = lint_context(services().settings, version.target_model, version.samples)
    remarks = hints(prompt, context) if prompt else []
    lights = checks_of(db(), vault, page.listing, version, problems, remarks)
    template = draft_template(vault, version)
    return {
        "lights": lights,
        "worst": worst(lights),
        "ready": not problems,
        "names": BY_SLUG,
        "variables": public_variables(template),
    }


def _nothing(page: Page, version: ListingVersion, problems: Sequence[Problem]) -> More:
    return {}


_MORE: dict[str, Callable[[Page, ListingVersion, Sequence[Problem]], More]] = {
    "start": _start,
    "model": _model,
    "prompt": _prompt,
    "describe": _describe,
    "samples": _samples,
    "price": _price,
    "check": _check,
    "submitted": _nothing,
}
