"""The table "field, value, where from" of one picture, and what of it a draft's form takes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from marketplace.images.metadata import Confidence, GenerationSettings, read_settings
from marketplace.images.metadata.credentials import Credentials
from marketplace.listings.models import TargetModel
from marketplace.listings.recognising import Recognised, recognise
from marketplace.prompts.importing import Imported, import_template

FORM_FIELDS = ("prompt", "target_model", "scheduler", "steps", "guidance")
"""Fields of DraftForm that a picture can fill; the seed belongs to its sample."""
_SURE = {
    Confidence.HIGH: "as written",
    Confidence.MEDIUM: "worked out",
    Confidence.LOW: "likely",
}
_NEGATIVE = "Prompts here have no negative part; say in the prompt what should be there instead."


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line; `form_field` is the field that can take `value` over, or None."""

    label: str
    shown: str = field(repr=False)
    where: str = ""
    sure: str = ""
    form_field: str | None = None
    becomes: str = field(default="", repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class PictureTable:
    """Everything that a seller is shown of one picture's settings."""

    tool: str | None
    rows: tuple[TableRow, ...]
    imported: Imported | None
    credentials: Credentials | None
    notes: tuple[str, ...]
    values: dict[str, str] = field(repr=False)
    """By form field: what taking over puts there; "seed" among them."""

    @property
    def is_empty(self) -> bool:
        """True when the file says nothing about its making."""
        return not self.rows

    @property
    def choices(self) -> list[TableRow]:
        """Rows that can be taken over into the draft's form."""
        return [row for row in self.rows if row.form_field in FORM_FIELDS]


def picture_table(
    data: bytes, models: Sequence[TargetModel], answers: Mapping[str, str] | None = None
) -> PictureTable:
    """Read a picture's file against the registry. Never raises; nothing is stored or logged.

    Args:
        answers: what the seller said to the import's questions, by question id.
    """
    settings = read_settings(data)
    known = recognise(settings, models)
    imported = None
    values = {
        one.form_field: one.value for one in known.suggestions.values() if one.value is not None
    }
    if "prompt" in values:
        imported = import_template(values["prompt"], _writer(settings), answers)
        values["prompt"] = imported.source
    return PictureTable(
        tool=settings.tool,
        rows=tuple(_rows(settings, known)),
        imported=imported,
        credentials=settings.credentials,
        notes=(*known.notes, *settings.notes),
        values=values,
    )


def taken_fields(table: PictureTable, wanted: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The chosen values by form field, and the labels of their rows; other names are ignored."""
    rows = [row for row in table.choices if row.form_field in wanted]
    fields = {str(row.form_field): table.values[str(row.form_field)] for row in rows}
    return fields, [row.label for row in rows]


def _writer(settings: GenerationSettings) -> str | None:
    return settings.prompt.origin.tool if settings.prompt else None


def _rows(settings: GenerationSettings, known: Recognised) -> list[TableRow]:
    rows = []
    for row in settings.rows():
        one = known.suggestions.get(row.name)
        takes = one is not None and one.value is not None
        note = one.note if one else ""
        if row.name == "negative_prompt":
            note = _NEGATIVE
        rows.append(
            TableRow(
                label=row.label,
                shown=row.value,
                where=str(row.origin),
                sure=_SURE[row.confidence],
                form_field=one.form_field if one and takes else None,
                becomes=one.shown if one and takes and one.shown != row.value else "",
                note=note,
            )
        )
    return rows
