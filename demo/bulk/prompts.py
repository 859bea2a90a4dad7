"""Prompts of bulk listings: a pool of a few hundred, each sealed once and used by many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from demo.bulk.wording import read_lists
from marketplace.core.vault import PromptVault
from marketplace.prompts import parse, public_variables, skeleton, word_count

FILLS = 12
"""Different sets of values that a prompt's samples are said to be made with."""


@dataclass(frozen=True)
class Prompt:
    """A sealed prompt with what may be public of it; texts are JSON."""

    sealed: bytes
    fingerprint: bytes
    skeleton: str
    variables: str
    word_count: int
    fills: list[str]
    """Values by variable, one JSON object for each."""


def pool(vault: PromptVault, count: int, seed: int) -> Iterator[Prompt]:
    """So many prompts, the same for the same seed but for the sealing."""
    random, lists = Random(f"prompts/{seed}"), read_lists("prompts.toml")  # noqa: S311
    variables: dict[str, list[str]] = lists["variables"]
    for _ in range(count):
        names = random.sample(sorted(variables), random.randint(1, 3))
        slots = [f"[{name}: {' | '.join(variables[name])}]" for name in names]
        text = ", ".join(
            [
                f"{random.choice(lists['openers'])} {slots[0]}",
                random.choice(lists["mediums"]),
                *slots[1:],
                *random.sample(lists["finishes"], random.randint(2, 4)),
            ]
        )
        template = parse(text)
        yield Prompt(
            sealed=vault.seal(text),
            fingerprint=vault.fingerprint(text),
            skeleton=json.dumps(skeleton(template)),
            variables=json.dumps(public_variables(template)),
            word_count=word_count(template),
            fills=[
                json.dumps({name: random.choice(variables[name]) for name in names})
                for _ in range(FILLS)
            ],
        )
