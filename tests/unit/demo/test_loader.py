"""The loader: plays once, resumes anywhere, approves nothing that its report does not prove."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from demo import people
from demo.loader import LOCK, LoaderError
from demo.script import DemoScript, ListingScript, Outcome
from demo.stored import find_listing
from marketplace.accounts.models import SellerProfile, User
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, Sample
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import Verdict
from tests.unit.demo.stage import CutOffError, Stage


def pick(script: DemoScript, *keys: str) -> DemoScript:
    """Only these listings, with the people who sell them, the staff and the buyers."""
    listings = tuple(script.listing(key) for key in keys)
    selling = {listing.seller for listing in listings}
    sellers = tuple(seller for seller in script.sellers if seller.email in selling)
    return replace(script.first(0), listings=listings, sellers=sellers)


def forge(listing: ListingScript) -> ListingScript:
    """A script that would have the listing approved, whatever it is."""
    return replace(listing, outcome=Outcome.PUBLISH, reason=None)


def stored(stage: Stage, listing: ListingScript) -> Listing:
    with stage.services.database.new_session() as session:
        found = find_listing(session, listing)
        assert found is not None
        return found


def states(stage: Stage, script: DemoScript) -> dict[str, ListingState]:
    return {entry.key: stored(stage, entry).state for entry in script.listings}


def rows(stage: Stage) -> dict[str, int]:
    """How many rows there are of everything that must not be made twice."""
    tables = (User, SellerProfile, Listing, Sample, VerificationRun, Case)
    with stage.services.database.new_session() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def verdicts(stage: Stage) -> dict[str, Verdict | None]:
    with stage.services.database.new_session() as session:
        query = select(Listing.title, VerificationRun.verdict).join(
            Listing, Listing.version_id == VerificationRun.version_id
        )
        return {row.title: row.verdict for row in session.execute(query)}


def test_an_honest_listing_goes_live_and_a_second_run_changes_nothing(
    stage: Stage, script: DemoScript
) -> None:
    play = pick(script, "paper-valleys", "low-tide-light")
    said = stage.play(play)
    assert states(stage, play) == {
        "paper-valleys": ListingState.LIVE,
        "low-tide-light": ListingState.IN_REVIEW,
    }
    assert "Paper Valleys: live." in said
    before, painted = rows(stage), stage.sellers_engine.painted
    assert before["samples"] == 7
    assert stage.play(play) == ["Demo: 1 live, 1 in review."]
    assert rows(stage) == before
    assert stage.sellers_engine.painted == painted


def test_samples_are_stored_as_declared(stage: Stage, script: DemoScript) -> None:
    play = pick(script, "fox-window")
    stage.play(play)
    entry = play.listings[0]
    with stage.services.database.new_session() as session:
        found = find_listing(session, entry)
        assert found is not None
        samples = version_of(session, found).samples
        assert [(s.seed, s.values) for s in samples] == [(s.seed, s.values) for s in entry.samples]
        assert all(sample.alt.startswith("A Fox at the Window (") for sample in samples)


@pytest.mark.parametrize("pictures", [0, 3, 6])
def test_a_loader_that_was_killed_goes_on(stage: Stage, script: DemoScript, pictures: int) -> None:
    play = pick(script, "paper-valleys", "trail-club")
    stage.sellers_engine.cut_off_after = pictures
    with pytest.raises(CutOffError):
        stage.play(play)
    stage.sellers_engine.cut_off_after = None
    stage.play(play)
    assert set(states(stage, play).values()) == {ListingState.LIVE}
    assert stage.sellers_engine.painted == 8
    assert rows(stage) | {"users": 0, "seller_profiles": 0} == {
        "users": 0,
        "seller_profiles": 0,
        "listings": 2,
        "samples": 8,
        "verification_runs": 2,
        "moderation_cases": 2,
    }


def test_forgeries_are_caught_and_wait(stage: Stage, script: DemoScript) -> None:
    play = pick(script, "aurora-pines", "night-chapters", *forgeries(script))
    stage.play(play)
    found = verdicts(stage)
    for entry in play.listings:
        assert found[entry.title] is entry.expect, entry.key
    expected = {ListingState.LIVE: 2, ListingState.IN_REVIEW: 4, ListingState.REJECTED: 1}
    assert Counter(states(stage, play).values()) == expected


def test_no_forgery_can_be_approved_whatever_the_script_says(
    stage: Stage, script: DemoScript
) -> None:
    sources = ("aurora-pines", "night-chapters")
    forged = [forge(script.listing(key)) for key in forgeries(script)]
    play = pick(script, *sources, *forgeries(script))
    play = replace(play, listings=(*play.listings[: len(sources)], *forged))
    said = stage.play(play)
    stands = states(stage, play)
    assert {stands[entry.key] for entry in forged} == {ListingState.IN_REVIEW}
    assert sum("left in the moderation queue: the report says" in line for line in said) == 5
    with stage.services.database.new_session() as session:
        assert session.scalar(select(func.count()).where(Case.override.is_(True))) == 0
        open_cases = session.scalars(select(Case).where(Case.state == CaseState.OPEN)).all()
        assert len(open_cases) == len(forged)


def test_a_rejection_is_said_only_when_its_report_agrees(stage: Stage, script: DemoScript) -> None:
    mistaken = script.listing("keepers-point")
    honest = tuple(replace(sample, truth=None) for sample in mistaken.samples)
    corrected = replace(mistaken, samples=honest)
    play = replace(script.first(0), listings=(corrected,))
    said = stage.play(play)
    assert states(stage, play) == {"keepers-point": ListingState.IN_REVIEW}
    assert "Keepers of the Point: left in the moderation queue: the report says reproduced." in said


def test_the_seller_reads_why_a_listing_was_rejected(stage: Stage, script: DemoScript) -> None:
    play = pick(script, "keepers-point")
    stage.play(play)
    found = stored(stage, play.listings[0])
    assert (found.state, found.rejection_code) == (ListingState.REJECTED, "SAMPLES_MISMATCH")
    assert "two digits swapped" in (found.rejection_text or "")


def test_what_a_person_takes_up_again_is_left_to_them(stage: Stage, script: DemoScript) -> None:
    play = pick(script, "keepers-point")
    stage.play(play)
    entry, parts = play.listings[0], stage.services
    with unit_of_work(parts.database) as session:
        found = find_listing(session, entry)
        assert found is not None
        contents = listings.DraftContents(
            title=entry.title,
            description=entry.description,
            category_slug=entry.category,
            tags=entry.tags,
            price=entry.price,
            prompt=entry.prompt,
            target_model_slug=entry.model,
            scheduler="euler",
            steps=20,
            guidance=4.0,
        )
        listings.revise(session, parts.vault, found, contents, found.seller_id)
    assert stage.play(play) == ["Demo: 1 draft."]
    assert stored(stage, entry).state is ListingState.DRAFT


def test_an_absent_worker_is_named(stage: Stage, script: DemoScript) -> None:
    stage.queue.idle = True
    play = pick(script, "paper-valleys")
    with pytest.raises(LoaderError, match="is the engine worker running"):
        stage.play(play, patience=0.2)
    stage.queue.idle = False
    for name, args in list(stage.queue.sent):
        if name.endswith("verify_listing") or "verif" in name:
            stage.queue.work(args[0])
    stage.play(play)
    assert states(stage, play) == {"paper-valleys": ListingState.LIVE}


def test_two_loaders_do_not_work_on_one_database(stage: Stage, script: DemoScript) -> None:
    with stage.services.database.engine.connect() as connection:
        assert connection.scalar(text("select pg_try_advisory_lock(:n)"), {"n": LOCK})
        with pytest.raises(LoaderError, match="Another"):
            stage.play(pick(script, "paper-valleys"))
        connection.scalar(text("select pg_advisory_unlock(:n)"), {"n": LOCK})
    assert rows(stage)["users"] == 0


def test_people_are_who_they_say(stage: Stage, script: DemoScript) -> None:
    stage.play(script.first(0))
    with stage.services.database.new_session() as session:
        users = {user.email: user for user in session.scalars(select(User))}
        assert users[people.MODERATOR].role_names == ["moderator"]
        assert users[people.ADMIN].role_names == ["admin"]
        assert users[people.SELLER].role_names == ["seller"]
        assert users[people.BUYER].role_names == []
        assert all(user.confirmed_at for user in users.values())
        for seller in script.sellers:
            profile = users[seller.email].seller
            assert profile is not None
            assert (profile.handle, profile.bio) == (seller.handle, seller.bio)
            ready = profile.transfers_status is TransfersStatus.ACTIVE
            assert ready is seller.paid


def forgeries(script: DemoScript) -> list[str]:
    """Keys of the listings whose samples are not what they are declared to be."""
    return [entry.key for entry in script.listings if not entry.is_honest]
