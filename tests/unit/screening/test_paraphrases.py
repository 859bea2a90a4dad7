"""Prompts that say the same in other words: named to moderators, never to the seller's harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.policy import Severity
from marketplace.screening.lines import policy_lines
from marketplace.screening.models import PolicyCheck, PolicyFinding
from marketplace.screening.paraphrases import embedded, standing_out
from marketplace.screening.queries import latest_checks
from marketplace.search import indexing
from marketplace.search.meaning import meaning_of_words
from tests.factories.accounts import make_seller
from tests.factories.listings import make_live
from workers.tasks import policy

FIRST = (
    "cosy reading nook by a rainy window, knitted blanket, stack of books, [drink=tea] steaming, "
    "watercolour"
)
IN_OTHER_WORDS = (
    "watercolour of a snug corner for reading, rain running down the glass, woollen throw, piled "
    "novels and a hot cup of [beverage=cocoa]"
)
OF_ITS_KIND = (
    "cosy cabin exterior in deep snow, smoke from the chimney, [sky=aurora] overhead, watercolour"
)


@pytest.fixture
def services(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """An installation that reads meaning, as they do outside tests, and its workers."""
    settings = services.settings.model_copy(update={"search_by_meaning": True})
    reading = replace(services, settings=settings)
    monkeypatch.setattr(policy, "services", lambda: reading)
    return reading


@pytest.fixture
def first(session: Session, services: Services) -> Listing:
    """What another seller has had on sale for a week; search knows its words."""
    with frozen(now() - timedelta(days=7)):
        listing = make_live(
            session, services, make_seller(session), prompt=FIRST, title="Rain and pages"
        )
        session.commit()
    while indexing.update(services):
        pass
    return listing


def checked(session: Session, services: Services, listing: Listing) -> list[PolicyFinding]:
    """What its check noted about meaning."""
    session.commit()
    policy.check_policy(str(listing.version_id))
    session.expire_all()
    rows = session.scalars(
        select(PolicyFinding)
        .join(PolicyCheck, PolicyCheck.id == PolicyFinding.check_id)
        .where(PolicyCheck.version_id == listing.version_id)
    )
    return [row for row in rows if row.rule == "clones.meaning"]


def test_other_words_for_the_same_are_advice_that_names_nothing_to_the_seller(
    session: Session, services: Services, first: Listing
) -> None:
    late = make_live(session, services, make_seller(session), prompt=IN_OTHER_WORDS)
    (found,) = checked(session, services, late)
    assert found.severity == Severity.NOTE
    assert [other["listing_id"] for other in found.others] == [first.id]
    assert 0.7 <= found.others[0]["similarity"] < 1
    version = late.live_version
    assert version is not None
    for others, seen in [(False, 0), (True, 1)]:
        lines = policy_lines(
            session, services.vault, version, latest_checks(session, version.id), True, others
        )
        (line,) = [line for line in lines if line.rule == "clones.meaning"]
        assert len(line.others) == seen
        assert first.title not in line.explanation
        assert not any(mark in line.explanation for mark in ("0.", "%", "knitted", "woollen"))


def test_its_kind_alone_is_no_copy(session: Session, services: Services, first: Listing) -> None:
    late = make_live(session, services, make_seller(session), prompt=OF_ITS_KIND)
    assert checked(session, services, late) == []


def test_who_was_first_and_who_is_the_same_seller_hears_nothing(
    session: Session, services: Services, first: Listing
) -> None:
    owner = first.seller
    again = make_live(session, services, owner, prompt=IN_OTHER_WORDS)
    assert checked(session, services, again) == []
    with frozen(now() - timedelta(days=30)):
        older = make_live(session, services, make_seller(session), prompt=IN_OTHER_WORDS)
    assert checked(session, services, older) == []


def test_a_prompt_that_no_key_opens_accuses_nobody(
    session: Session, services: Services, first: Listing
) -> None:
    assert first.live_version is not None
    first.live_version.prompt_sealed = b"lost"
    late = make_live(session, services, make_seller(session), prompt=IN_OTHER_WORDS)
    assert checked(session, services, late) == []


def test_a_long_prompt_is_read_to_its_end(services: Services) -> None:
    meaning = meaning_of_words(services.settings)
    assert meaning is not None
    long = " ".join(["pale sky over quiet water"] * 40)
    ends = [embedded(meaning, f"{long} {end}") for end in ("a tram full of clowns " * 20, "")]
    assert float(ends[0] @ ends[1]) < 0.95
    assert embedded(meaning, "a [vessel=boat] at dawn") @ embedded(
        meaning, "a [vessel=tram] at dawn"
    ) == pytest.approx(1, abs=1e-5)


def test_a_copy_stands_out_among_its_kind() -> None:
    assert standing_out([0.3, 0.74, 0.4, 0.35, 0.38]) == [1]
    assert standing_out([0.72, 0.9, 0.4, 0.35, 0.38, 0.3]) == [1, 0]
    narrow = [0.58, 0.74, 0.55, 0.61, 0.57]  # a model with few words
    assert standing_out(narrow) == []
    assert standing_out([*narrow, 0.92]) == [5]
    assert standing_out([0.69]) == []
    assert standing_out([0.71]) == [0]
    assert standing_out([]) == []
