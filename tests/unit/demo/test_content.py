"""The demo's content keeps every rule that the site has, and tells the stories it should."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from demo import people
from demo.reading import CONTENT, read_script
from demo.script import ContentError, DemoScript, ListingScript, Outcome
from house_model.grammar import vocabulary_words
from local import panel
from marketplace.accounts.operations import handle_problem
from marketplace.listings.catalogue import CATALOGUE, TARGET_MODELS
from marketplace.listings.checks import DraftContents, price_problem, seed_problem, word_problems
from marketplace.listings.models import MAX_SAMPLES, MIN_SAMPLES
from marketplace.listings.samples import MAX_ALT, alt_text
from marketplace.prompts import Text, fill, parse
from marketplace.prompts.filling import resolve_values
from marketplace.verification.states import Verdict
from tests.factories.models import target_model

SCRIPT = read_script()
SHELVES = json.loads(CATALOGUE.read_text(encoding="utf-8"))
# The models that ship with Bracket: others need weights or keys that a fresh machine has not.
MODELS = {
    model["slug"]: model
    for model in json.loads(TARGET_MODELS.read_text(encoding="utf-8"))["target_models"]
    if model["source"] == "house"
}
LISTINGS = pytest.mark.parametrize("listing", SCRIPT.listings, ids=lambda listing: listing.key)


def test_there_is_enough_of_everything(script: DemoScript) -> None:
    live = [entry for entry in script.listings if entry.outcome is Outcome.PUBLISH]
    assert len(live) >= 24
    assert len({entry.seller for entry in live}) >= 6
    assert {entry.category for entry in live} == {row["slug"] for row in SHELVES["categories"]}
    assert {entry.model for entry in live} == set(MODELS)
    assert 3 <= sum(len(buyer.purchases) for buyer in script.buyers) <= 6
    assert len(script.buyers) == 2


def test_the_queue_shows_every_kind_of_case(script: DemoScript) -> None:
    waiting = [entry for entry in script.listings if entry.outcome is Outcome.WAIT]
    truths = {
        entry.key: [sample.truth for sample in entry.samples if sample.truth] for entry in waiting
    }
    assert len(waiting) >= 5
    assert any(truth.prompt for found in truths.values() for truth in found)
    assert any(truth.seed is not None for found in truths.values() for truth in found)
    lifts = [truth.lift for found in truths.values() for truth in found if truth.lift]
    assert {lift.mirrored for lift in lifts} == {False, True}
    assert any(entry.is_honest and parse(entry.prompt).variables for entry in waiting)
    assert any(entry.is_honest and not parse(entry.prompt).variables for entry in waiting)


def test_one_rejection_lies_on_the_demo_sellers_desk(script: DemoScript) -> None:
    rejected = [entry for entry in script.listings if entry.outcome is Outcome.REJECT]
    assert [entry.seller for entry in rejected] == [people.SELLER]
    assert all(entry.note and entry.expect is Verdict.MISMATCH for entry in rejected)


def test_nothing_is_told_twice(script: DemoScript) -> None:
    for words in (
        [entry.title for entry in script.listings],
        [entry.description for entry in script.listings],
        [entry.prompt for entry in script.listings],
        [seller.handle for seller in script.sellers],
        [seller.bio for seller in script.sellers],
    ):
        assert len(set(words)) == len(words)


@LISTINGS
def test_a_listing_keeps_the_sites_rules(listing: ListingScript) -> None:
    model = MODELS[listing.model]
    scheduler = listing.scheduler or model["schedulers"][0]
    contents = DraftContents(
        title=listing.title,
        description=listing.description,
        category_slug=listing.category,
        tags=listing.tags,
        price=listing.price,
        prompt=listing.prompt,
        target_model_slug=listing.model,
        scheduler=scheduler,
        steps=listing.steps or model["steps_default"],
        guidance=listing.guidance or model["guidance_default"],
    )
    assert word_problems(contents) == {}
    assert price_problem(listing.price) is None
    assert listing.category in {row["slug"] for row in SHELVES["categories"]}
    assert scheduler in model["schedulers"]
    assert model["steps_min"] <= contents.steps <= model["steps_max"]
    assert 3 <= len(listing.tags) <= 8
    assert len(set(listing.tags)) == len(listing.tags)


@LISTINGS
def test_samples_fit_their_prompt(listing: ListingScript) -> None:
    template = parse(listing.prompt)
    assert len(template.variables) <= 4
    assert MIN_SAMPLES <= len(listing.samples) <= MAX_SAMPLES
    made = set()
    for sample in listing.samples:
        resolved = resolve_values(template, sample.values)
        assert set(resolved) == set(sample.values), "a sample says the value of every variable"
        assert seed_problem(target_model(), sample.seed) is None
        alt = alt_text(listing.title, resolved)
        assert alt.startswith(listing.title)
        assert len(alt) <= MAX_ALT
        made.add((fill(template, sample.values), sample.seed))
    assert len(made) == len(listing.samples)


@LISTINGS
def test_choices_are_words_the_house_model_knows(listing: ListingScript) -> None:
    known = vocabulary_words()
    for variable in parse(listing.prompt).variables:
        assert variable.choices, f"[{variable.name}] leaves its buyers guessing"
        for choice in variable.choices:
            assert set(choice.split()) <= known, choice


@LISTINGS
def test_public_words_do_not_quote_the_prompt(listing: ListingScript) -> None:
    public = " ".join(f"{listing.title} {listing.description}".lower().split())
    for node in parse(listing.prompt).nodes:
        words = node.value.lower().split() if isinstance(node, Text) else []
        for start in range(len(words) - 3):
            assert " ".join(words[start : start + 4]) not in public


def test_sellers_may_have_their_handles(script: DemoScript) -> None:
    for seller in script.sellers:
        assert handle_problem(seller.handle) is None
        assert len(seller.name) <= 60
        assert seller.bio


def test_whoever_sells_can_be_paid(script: DemoScript) -> None:
    paid = {seller.email for seller in script.sellers if seller.paid}
    assert {e.seller for e in script.listings if e.outcome is Outcome.PUBLISH} == paid


def test_the_panel_names_accounts_that_are_made(script: DemoScript) -> None:
    made = {seller.email for seller in script.sellers} | {buyer.email for buyer in script.buyers}
    made |= {email for email, _, _ in script.staff}
    assert panel.DEMO_PASSWORD == people.DEMO_PASSWORD
    assert set(dict(panel.DEMO_ACCOUNTS).values()) <= made
    assert {email for _, email in people.DEMO_ACCOUNTS} <= made


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("newcomers-quick-canvas", 'outcome = "wait"', 'outcome = "publish"', "forged"),
        (
            "newcomers-fresh-finds",
            'source = "aurora-pines"',
            'source = "northern-sky"',
            "lifts from",
        ),
        ("north-window", 'key = "one-oak"', 'key = "two-oaks"', "running order"),
        ("paper-harbour", 'reason = "SAMPLES_MISMATCH"\n', "", "a rejection has a reason"),
    ],
)
def test_content_that_contradicts_itself_is_refused(
    tmp_path: Path, file: str, old: str, new: str, complaint: str
) -> None:
    folder = tmp_path / "content"
    shutil.copytree(CONTENT, folder)
    path = folder / "sellers" / f"{file}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError, match=complaint):
        read_script(folder)
