"""Which pictures a consistency report makes: a public rule that leaves nothing to choose. Pure.

Rule 1. Every draw is SHA-256 of ``bracket.consistency.1/<stream>/<version id>/<what>``, its first
eight bytes read as a big-endian number; the version id is random, given by the server before
anyone can know what it will lead to, and printed in the report, so anybody can repeat the draws.

* *Seeds*: seed *i* is the draw ``seed/i`` modulo 2³². All fills share the same n seeds.
* *Fills*: fill 0 gives every variable its default (one without a default: the first value of its
  shuffled candidates). Each later fill draws every variable anew, ``fill/j/<try>/<name>`` modulo
  the number of candidates; a combination that has been drawn already is drawn again (64 tries).
  Candidates are the variable's choices, for numbers, colours and aspects what
  prompts.kinds.typical_values says, for free text what words.py says.
* *Map*: every other candidate of every variable, one at a time, with the rest as in fill 0 and
  with the first seed; where that is more than the limit, variables take turns, each in the order
  of its shuffle (candidates sorted by the draw ``order/<name>/<candidate>``).

Fewer fills, seeds or map pictures are always the beginning of more of them: raising a setting
adds pictures and exchanges none. A seller's private preview uses the stream "preview", so that
what it shows is not the sheet which the public report will show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from math import prod
from typing import Any

from marketplace.prompts import typical_values, variable_key
from marketplace.verification.consistency.words import candidates

RULE_VERSION = 1
PUBLIC, PREVIEW = "public", "preview"
_TRIES = 64


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to make. Its number counts from 1.

    The grid's pictures have a ``fill`` and a ``column`` (both from 0); those of the map have the
    ``variable`` that was varied alone instead, and its ``choice``.
    """

    number: int
    seed: int
    values: dict[str, str]
    fill: int | None = None
    column: int | None = None
    variable: str | None = None
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All pictures of a report, the grid first, and how many candidates the map leaves out."""

    fills: tuple[dict[str, str], ...]
    seeds: tuple[int, ...]
    shots: tuple[Shot, ...]
    left_out: int


def plan(
    version_id: str,
    variables: Sequence[Mapping[str, Any]],
    k: int,
    n: int,
    map_limit: int = 0,
    sample_values: Sequence[Mapping[str, str]] = (),
    stream: str = PUBLIC,
) -> Plan:
    """The pictures for k fills × n seeds and a map of at most ``map_limit`` pictures.

    Args:
        variables: as stored with a version: name, default, choices.
        sample_values: the values of the version's samples, by variable name.

    Raises:
        ValueError: for fewer than one fill or seed, or a negative limit.
    """
    if k < 1 or n < 1 or map_limit < 0:
        raise ValueError("a report needs at least one fill and one seed")
    draw = _Draw(f"{stream}/{version_id}")
    options = {variable["name"]: _options(variable, sample_values, draw) for variable in variables}
    seeds = tuple(draw.number(f"seed/{number}") % 2**32 for number in range(n))
    fills = _fills(options, k, draw)
    grid = [
        Shot(0, seed, values, fill=row, column=column)
        for row, values in enumerate(fills)
        for column, seed in enumerate(seeds)
    ]
    varied = _varied(options, draw)
    extra = [
        Shot(0, seeds[0], fills[0] | {name: choice}, variable=name, choice=choice)
        for name, choice in varied[:map_limit]
    ]
    shots = tuple(
        Shot(number, shot.seed, shot.values, shot.fill, shot.column, shot.variable, shot.choice)
        for number, shot in enumerate(chain(grid, extra), start=1)
    )
    return Plan(fills, seeds, shots, max(0, len(varied) - map_limit))


class _Draw:
    """The numbers that one version id leads to."""

    def __init__(self, stream: str) -> None:
        self._prefix = f"bracket.consistency.{RULE_VERSION}/{stream}/"

    def number(self, what: str) -> int:
        """A number below 2⁶⁴."""
        digest = hashlib.sha256((self._prefix + what).encode()).digest()
        return int.from_bytes(digest[:8])


def _options(
    variable: Mapping[str, Any], samples: Sequence[Mapping[str, str]], draw: _Draw
) -> list[str]:
    """A variable's candidates, its default first (or the shuffle's first where there is none)."""
    name, default = variable["name"], variable.get("default")
    given = [values[name] for values in samples if name in values]
    found = variable.get("choices") or typical_values(variable) or candidates(name, default, given)
    longest = (variable.get("limits") or {}).get("longest")
    if longest is not None:
        short = [item for item in found if len(item) <= longest]
        found = short or [default or name[:longest]]
    if default:
        return [default, *(item for item in found if variable_key(item) != variable_key(default))]
    first = _shuffled(name, found, draw)[0]
    return [first, *(item for item in found if item != first)]


def _shuffled(name: str, items: Sequence[str], draw: _Draw) -> list[str]:
    return sorted(items, key=lambda item: draw.number(f"order/{name}/{item}"))


def _fills(options: Mapping[str, list[str]], k: int, draw: _Draw) -> tuple[dict[str, str], ...]:
    """Distinct combinations, the defaults first; fewer than k where there are fewer."""
    fills = [{name: found[0] for name, found in options.items()}]
    most = prod(len(found) for found in options.values())
    for row in range(1, min(k, most)):
        for attempt in range(_TRIES):
            values = {
                name: found[draw.number(f"fill/{row}/{attempt}/{name}") % len(found)]
                for name, found in options.items()
            }
            if values not in fills:
                fills.append(values)
                break
    return tuple(fills)


def _varied(options: Mapping[str, list[str]], draw: _Draw) -> list[tuple[str, str]]:
    """(variable, other candidate) in the order in which a limited map takes them."""
    columns = [
        [(name, item) for item in _shuffled(name, found[1:], draw)]
        for name, found in options.items()
    ]
    return [pair for turn in zip_longest(*columns) for pair in turn if pair is not None]
