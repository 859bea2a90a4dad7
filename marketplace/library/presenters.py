"""A buyer's view of what they own. The only presenter that may hold a prompt's text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marketplace.listings.licences import Licence, licence_named
from marketplace.listings.models import ListingVersion, Sample, TargetModel
from marketplace.listings.public import (
    ordered_values,
    settings_rows,
    variable_names,
)
from marketplace.listings.states import ListingState
from marketplace.orders.models import Entitlement
from marketplace.prompts import (
    MAX_VALUE_CHARACTERS,
    FillError,
    Kind,
    Slot,
    Template,
    Variable,
    default_values,
    describe_variable,
)
from marketplace.prompts.colours import COLOUR_WORDS
from marketplace.prompts.filling import resolve_values
from marketplace.prompts.kinds import messages, number_text
from marketplace.prompts.redaction import public_variable


@dataclass(frozen=True)
class LibraryCard:
    """An owned prompt on the library's shelf."""

    id: str
    title: str
    cover: list[Any]
    cover_alt: str
    model_name: str
    bought_at: datetime
    degraded: bool
    """Its changed model no longer makes its samples."""
    updated: bool
    """There is a newer version, which comes free with it."""


def library_cards(
    items: Sequence[Entitlement], covers: Mapping[str, Sample], updated: Collection[str]
) -> list[LibraryCard]:
    """The cards of everything somebody owns; ``covers`` by version id, ``updated`` by its own."""
    return [_card(item, covers.get(item.version_id), item.id in updated) for item in items]


def _card(item: Entitlement, cover: Sample | None, updated: bool) -> LibraryCard:
    return LibraryCard(
        id=item.id,
        title=item.listing.title,
        cover=cover.derivatives if cover else [],
        cover_alt=cover.alt if cover else "",
        model_name=item.version.target_model.name,
        bought_at=item.created_at,
        degraded=item.version.degraded_since is not None,
        updated=updated,
    )


@dataclass(frozen=True)
class ValueField:
    """One variable as a form field, with what was typed and what is wrong with it."""

    id: str
    """Fields are numbered: a variable's name is the seller's free text."""
    variable: Variable
    value: str
    error: str | None

    @property
    def takes(self) -> str:
        """What the variable takes, in words."""
        return describe_variable(public_variable(self.variable))


@dataclass(frozen=True)
class Piece:
    """A stretch of the prompt's text; ``slot`` is the number of the field that gave it."""

    text: str = field(repr=False)
    slot: int | None = None
    missing: bool = False


@dataclass(frozen=True)
class FilledPrompt:
    """The form's fields and what comes of them."""

    fields: list[ValueField]
    preview: list[Piece] = field(repr=False)
    """The final text; where a value is missing or wrong, the variable in brackets."""
    text: str | None = field(repr=False)
    """The final text in one piece; None while something is missing or wrong."""


def field_id(number: int) -> str:
    """Form name of the variable at a position."""
    return f"value-{number}"


def submitted_values(template: Template, form: Mapping[str, str]) -> dict[str, str]:
    """What a submitted form says for each variable."""
    return {
        variable.name: form.get(field_id(number), "")[: MAX_VALUE_CHARACTERS * 2]
        for number, variable in enumerate(template.variables)
    }


def filled_prompt(template: Template, values: Mapping[str, str] | None) -> FilledPrompt:
    """Fill a template; ``values`` None means a fresh form with the defaults and no complaints."""
    given = default_values(template) if values is None else values
    resolved, problems = _resolve(template, given)
    shown = {} if values is None else problems
    fields = [
        ValueField(
            field_id(number), variable, given.get(variable.name, ""), shown.get(variable.name)
        )
        for number, variable in enumerate(template.variables)
    ]
    pieces = _pieces(template, resolved)
    text = None if problems else "".join(piece.text for piece in pieces)
    return FilledPrompt(fields, pieces, text)


def _resolve(
    template: Template, values: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Each variable's final value, or what is wrong with it: one mistake hides no good value."""
    resolved: dict[str, str] = {}
    problems: dict[str, str] = {}
    for variable in template.variables:
        alone = Template(nodes=(), variables=(variable,))
        try:
            resolved |= resolve_values(alone, {variable.name: values.get(variable.name, "")})
        except FillError as error:
            problems[variable.name] = error.message
    return resolved, problems


def _pieces(template: Template, resolved: Mapping[str, str]) -> list[Piece]:
    numbers = {variable.name: number for number, variable in enumerate(template.variables)}
    pieces = []
    for node in template.nodes:
        if not isinstance(node, Slot):
            pieces.append(Piece(node.value))
        elif node.name in resolved:
            pieces.append(Piece(resolved[node.name], numbers[node.name]))
        else:
            pieces.append(Piece(f"[{node.name}]", numbers[node.name], missing=True))
    return pieces


@dataclass(frozen=True)
class OwnedSample:
    """A sample with everything needed to make it again."""

    picture: list[Any]
    alt: str
    values: list[tuple[str, str]]
    seed: int | None
    """None where the model takes none."""


@dataclass(frozen=True)
class Receipt:
    """What was paid, when, under which number."""

    order_id: str
    price_cents: int
    paid_at: datetime | None


@dataclass(frozen=True)
class LibraryItem:
    """Everything on the page of an owned prompt except the filled-in form."""

    id: str
    title: str
    listing_path: str | None
    """None once the listing is no longer on sale; its owners keep it all the same."""
    seller_name: str
    seller_handle: str
    model: TargetModel
    settings: list[tuple[str, str]]
    licence: Licence
    guide: str = field(repr=False)
    """The seller's words on using it; "" for none."""
    bought_number: int
    samples: list[OwnedSample]
    receipt: Receipt


def library_item(item: Entitlement, version: ListingVersion, guide: str) -> LibraryItem:
    """The page of an owned prompt in one of its versions; ``guide`` is the version's, opened."""
    listing = item.listing
    return LibraryItem(
        id=item.id,
        title=listing.title,
        listing_path=listing.path if listing.state is ListingState.LIVE else None,
        seller_name=listing.seller.display_name,
        seller_handle=listing.seller.handle,
        model=version.target_model,
        settings=settings_rows(version),
        licence=licence_named(item.version.licence),  # as it was bought, whatever came later
        guide=guide,
        bought_number=item.version.number,
        samples=_samples(version),
        receipt=Receipt(item.line.order_id, item.line.price_cents, item.line.order.paid_at),
    )


def _samples(version: ListingVersion) -> list[OwnedSample]:
    names = variable_names(version)
    return [
        OwnedSample(
            sample.derivatives, sample.alt, ordered_values(sample.values, names), sample.seed
        )
        for sample in version.samples
    ]


def client_template(template: Template) -> dict[str, Any]:
    """The template as data for the live preview (js/fill.js); for its owner's page only."""
    numbers = {variable.name: number for number, variable in enumerate(template.variables)}
    return {
        "nodes": [
            {"slot": numbers[node.name]} if isinstance(node, Slot) else {"text": node.value}
            for node in template.nodes
        ],
        "variables": [
            {
                "name": variable.name,
                "default": variable.default,
                "choices": list(variable.choices),
                "field": field_id(number),
            }
            | _client_kind(variable)
            for number, variable in enumerate(template.variables)
        ],
        "maxLength": MAX_VALUE_CHARACTERS,
    }


def _client_kind(variable: Variable) -> dict[str, Any]:
    """What the browser needs to check a kind as the server does; empty for plain variables."""
    limits = variable.limits
    extra: dict[str, Any] = {}
    if limits.longest is not None:
        extra["longest"] = limits.longest
    if variable.kind in (Kind.NUMBER, Kind.COLOUR, Kind.ASPECT):
        extra |= {"kind": variable.kind.value, "messages": messages(variable.kind, limits)}
    if variable.kind is Kind.NUMBER:
        numbers = {"low": limits.low, "high": limits.high, "step": limits.step}
        extra |= {
            name: None if number is None else number_text(number)
            for name, number in numbers.items()
        }
        extra["decimals"] = limits.decimals
    if variable.kind is Kind.COLOUR:
        extra["words"] = sorted(COLOUR_WORDS)
    return extra
