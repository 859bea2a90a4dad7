"""What the wizard's buttons do besides saving: take in pictures, convert, declare, take over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.images import UploadError, read_upload
from marketplace.listings.models import Listing, Sample, TargetModel
from marketplace.listings.picture_table import PictureTable, picture_table
from marketplace.listings.samples import keep_picture
from marketplace.prompts import TemplateError, parse
from marketplace.prompts.importing import Imported, import_template
from marketplace.prompts.problems import DeclarationProblem
from marketplace.prompts.redeclaring import PARTS, declared, parts_of, redeclared

PREFIX = "variable."
MAX_QUESTIONS = 60


@dataclass(frozen=True, slots=True)
class Taken:
    """One upload: its file name with what is wrong, or its sample with what its file says."""

    name: str
    problem: str | None = None
    sample: Sample | None = None
    table: PictureTable | None = None


def take_in(
    session: Session,
    services: Services,
    listing: Listing,
    uploads: Iterable[FileStorage],
    models: Sequence[TargetModel],
) -> list[Taken]:
    """Store pictures as samples, each with the seed that its file names; refuse them one by one."""
    found = []
    for upload in uploads:
        name = (upload.filename or "picture")[:60]
        try:
            picture = read_upload(cast(BinaryIO, upload.stream), name)
            table = picture_table(picture.data, models)
            seed = table.values.get("seed", "")
            sample = keep_picture(
                session,
                services.vault,
                services.blobs,
                listing,
                picture,
                int(seed) if seed.isdigit() else None,
            )
        except (UploadError, InvalidError) as error:
            found.append(Taken(name, problem=error.message))
        else:
            found.append(Taken(name, sample=sample, table=table))
    return found


def offered_by(taken: Sequence[Taken], typed: Mapping[str, str]) -> dict[str, str]:
    """Values for inputs that are empty yet, from the first picture that has them."""
    offered: dict[str, str] = {}
    for one in taken:
        for row in one.table.choices if one.table else ():
            name = str(row.form_field)
            if one.table and not typed.get(name, "").strip():
                offered.setdefault(name, one.table.values[name])
    return offered


def converted(prompt: str, answers: Sequence[str]) -> tuple[str, Imported]:
    """A prompt with other tools' brackets turned into variables, and what there is to say of it.

    With a question open the text stays as it is: its places are what the question is about.

    Args:
        answers: what was said to the questions, in their order; "" for not yet.
    """
    first = import_template(prompt)
    said = dict(zip((question.id for question in first.questions), answers, strict=False))
    imported = import_template(prompt, answers=said)
    return (prompt if imported.questions else imported.source), imported


def variable_input(name: str, part: str) -> str:
    """The name of an input about a variable."""
    return f"{PREFIX}{name}.{part}"


def declare(prompt: str, typed: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The prompt with its variables declared as typed, and what is wrong, by variable name.

    A variable whose inputs are wrong, or say what its declaration says, stays as it is.
    """
    problems: dict[str, str] = {}
    try:
        template = parse(prompt)
    except TemplateError:
        return prompt, problems  # the prompt itself is to be mended first; its inputs wait
    for variable in template.variables:
        before = parts_of(variable)
        parts = {
            part: typed.get(variable_input(variable.name, part), before[part]) for part in PARTS
        }
        if parts == before:
            continue
        try:
            prompt = redeclared(template, declared(variable.name, parts))
            template = parse(prompt)
        except DeclarationProblem as problem:
            problems[variable.name] = problem.message
        except TemplateError as error:
            problems[variable.name] = error.message
    return prompt, problems


def settled_inputs(typed: Mapping[str, str], problems: Mapping[str, str]) -> dict[str, None]:
    """The inputs about variables that need not be kept: their variable says it, or is gone."""
    kept = tuple(variable_input(name, "") for name in problems)
    return dict.fromkeys(
        name for name in typed if name.startswith(PREFIX) and not name.startswith(kept)
    )
