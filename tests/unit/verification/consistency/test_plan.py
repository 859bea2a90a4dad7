"""The drawing rule: public, repeatable, and nobody's choice."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.prompts import fill, parse
from marketplace.prompts.redaction import public_variables
from marketplace.verification.consistency.plan import PREVIEW, plan
from marketplace.verification.consistency.words import THINGS, candidates

PROMPT = "paper-cut [subject=fox] under a [sky: sunset | night | noon] sky, [mood]"
VARIABLES = public_variables(parse(PROMPT))
IDS = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=13, max_size=13)


def planned(version_id: str = "v" * 13, k: int = 4, n: int = 3, **options: Any) -> Any:
    return plan(version_id, VARIABLES, k, n, **options)


def test_the_first_fill_is_the_defaults() -> None:
    first = planned().fills[0]
    assert first["subject"] == "fox"
    assert first["sky"] == "sunset"
    assert first["mood"] in candidates("mood", None, [])


def test_a_seed_can_be_repeated_by_anyone_with_a_hash_function() -> None:
    """The rule as the page words it, written out by hand."""
    name = f"bracket.consistency.1/public/{'v' * 13}/seed/1"
    expected = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % 2**32
    assert planned().seeds[1] == expected


@settings(max_examples=40, deadline=None)
@given(IDS, st.integers(1, 8), st.integers(1, 5), st.integers(0, 12))
def test_every_plan_fits_the_prompt_and_repeats(
    version_id: str, k: int, n: int, limit: int
) -> None:
    made = planned(version_id, k, n, map_limit=limit)
    assert made == planned(version_id, k, n, map_limit=limit)
    template = parse(PROMPT)
    assert len({fill(template, shot.values) for shot in made.shots if shot.column == 0}) == k
    assert all(0 <= shot.seed < 2**32 for shot in made.shots)
    assert [shot.number for shot in made.shots] == list(range(1, len(made.shots) + 1))
    grid = [shot for shot in made.shots if shot.fill is not None]
    assert len(grid) == k * n
    for shot in made.shots[len(grid) :]:
        changed = {name for name in shot.values if shot.values[name] != made.fills[0][name]}
        assert changed == {shot.variable}
        assert shot.seed == made.seeds[0]


@given(IDS)
@settings(max_examples=20, deadline=None)
def test_a_larger_sheet_only_adds_pictures(version_id: str) -> None:
    small, large = planned(version_id, 3, 2, map_limit=2), planned(version_id, 6, 4, map_limit=9)
    assert large.fills[:3] == small.fills
    assert large.seeds[:2] == small.seeds
    varied = [(shot.variable, shot.choice) for shot in small.shots if shot.variable]
    assert [(shot.variable, shot.choice) for shot in large.shots if shot.variable][:2] == varied


def test_other_versions_and_the_preview_draw_something_else() -> None:
    assert planned("a" * 13).seeds != planned("b" * 13).seeds
    public, preview = planned(), planned(stream=PREVIEW)
    assert not set(public.seeds) & set(preview.seeds)


def test_the_map_tries_every_other_choice_and_says_what_it_left_out() -> None:
    full = planned(map_limit=100)
    tried = {shot.choice for shot in full.shots if shot.variable == "sky"}
    assert tried == {"night", "noon"}
    assert full.left_out == 0
    short = planned(map_limit=3)
    assert {shot.variable for shot in short.shots if shot.variable} == {"subject", "sky", "mood"}
    everything = sum(shot.variable is not None for shot in full.shots)
    assert short.left_out == everything - 3


def test_few_combinations_make_few_fills() -> None:
    two = public_variables(parse("a [sky: sunset | night] scene"))
    assert len(plan("v" * 13, two, 8, 1).fills) == 2
    assert plan("v" * 13, [], 4, 2).fills == ({},)


@pytest.mark.parametrize(("k", "n", "limit"), [(0, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_senseless_sizes_are_refused(k: int, n: int, limit: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        planned(k=k, n=n, map_limit=limit)


def test_words_follow_the_name_not_the_seller() -> None:
    chosen = ["my best value", "my second best", "my third best"]
    assert "my best value" not in candidates("main colour", "mauve", chosen)
    assert candidates("main colour", "mauve", chosen)[0] == "mauve"
    assert "owl" in candidates("Animals", None, [])


def test_names_of_no_known_kind_take_the_samples_values() -> None:
    assert candidates("zork", None, ["one", "two", "two", "Three"]) == ("one", "two", "Three")
    # Too few to vary anything: everyday things instead.
    assert candidates("zork", "one", ["One"]) == ("one", *THINGS)


def test_every_neutral_word_is_a_value_that_prompts_take() -> None:
    template = parse("[it]")
    for name in ("colour", "place", "sky", "season", "mood", "style", "person", "title", "it"):
        for word in candidates(name, None, []):
            assert fill(template, {"it": word}) == word


@given(IDS)
@settings(max_examples=20, deadline=None)
def test_numbers_colours_aspects_and_short_texts_take_values_that_fit(version_id: str) -> None:
    template = parse(
        "[n: number 1 to 9 = 3] [m: number] [c: colour] [a: aspect of 1:1, 3:2] "
        "[animal: text up to 3]"
    )
    made = plan(version_id, public_variables(template), 4, 2, map_limit=12)
    assert made.fills[0]["n"] == "3"
    assert (
        len({values["n"] for values in made.fills} | {shot.values["n"] for shot in made.shots}) > 1
    )
    for shot in made.shots:
        assert fill(template, shot.values)
        assert len(shot.values["animal"]) <= 3
