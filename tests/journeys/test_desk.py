"""The moderators' desk in a browser, by keyboard alone: deciding, undoing, racing, appeals."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from marketplace.accounts.models import User
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation import operations
from marketplace.moderation.appeals import operations as appeals
from marketplace.moderation.complaints.models import Reason
from marketplace.moderation.complaints.operations import complain
from marketplace.moderation.decisions.models import Decision, Outcome
from marketplace.moderation.decisions.operations import due, settle
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState, OutcomeKind, ReasonCode
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_live
from tests.factories.verification import SECRET_WORD
from tests.fixtures.app import log_in
from tests.journeys.test_every_page import DESK, INSPECT, NO_TRANSITIONS, PHONE
from tests.unit.moderation.test_operations import make_case

expect.set_options(timeout=30_000)  # a busy machine takes its time
UNDO_SECONDS = 60.0  # nobody needs to hurry; time is turned forward instead


@dataclass
class Desk:
    """A served desk; `sit_down` gives a moderator a browser."""

    address: str
    sit_down: Callable[[User], Page]


@pytest.fixture
def desk(
    csrf_app: Flask, services: Services, new_context: Callable[..., BrowserContext]
) -> Iterator[Desk]:
    settings = services.settings.model_copy(update={"undo_seconds": UNDO_SECONDS})
    csrf_app.extensions["bracket"] = dataclasses.replace(services, settings=settings)
    server = make_server("127.0.0.1", 0, csrf_app, threaded=True)
    server.daemon_threads = False  # type: ignore[attr-defined]  # so that closing waits for them
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.port}"

    seats: list[BrowserContext] = []

    def sit_down(user: User) -> Page:
        client = log_in(csrf_app.test_client(), user)
        cookie = client.get_cookie("session")
        assert cookie is not None
        context = new_context(viewport={"width": 1440, "height": 900})
        seats.append(context)
        context.add_cookies([{"name": "session", "value": cookie.value, "url": address}])
        return context.new_page()

    yield Desk(address, sit_down)
    for seat in seats:
        seat.close()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def moderator(session: Session) -> User:
    user = make_user(session, Role.MODERATOR)
    session.commit()
    return user


@pytest.fixture
def cases(session: Session, services: Services) -> list[Case]:
    return [make_case(session, services) for _ in range(3)]


def settle_all(session: Session) -> list[OutcomeKind | None]:
    """As the sweep does once the time for undoing is over."""
    with frozen(now() + timedelta(seconds=2 * UNDO_SECONDS)):
        done = [settle(session, decision_id) for decision_id in due(session)]
    session.commit()
    return done


def wait_for_next(page: Page) -> None:
    page.wait_for_selector("html[data-next-ready]", state="attached")


def test_cases_are_decided_and_undone_by_keyboard_alone(
    desk: Desk, session: Session, cases: list[Case], moderator: User
) -> None:
    first, second, third = (case.listing.title for case in cases)
    page = desk.sit_down(moderator)
    page.goto(f"{desk.address}/moderate")
    page.keyboard.press("t")
    expect(page.locator("h1")).to_have_text(first)
    expect(page.get_by_test_id("prompt")).to_contain_text(SECRET_WORD)
    fits = "document.documentElement.scrollHeight <= window.innerHeight"
    assert page.evaluate(fits), "the case does not fit on the screen"

    wait_for_next(page)
    page.evaluate("window.stays = true")
    page.keyboard.press("a")
    expect(page.locator("h1")).to_have_text(second)
    assert page.evaluate("window.stays"), "the next case was loaded anew"
    expect(page.locator("[data-undo-bar]")).to_contain_text(f"“{first}”: approved")
    page.keyboard.press("u")
    expect(page.locator("h1")).to_have_text(first)
    session.expire_all()
    assert cases[0].state is CaseState.CLAIMED
    assert session.scalars(select(Outcome.kind)).all() == [OutcomeKind.UNDONE]

    wait_for_next(page)
    page.keyboard.press("Shift+6")
    says = page.get_by_test_id("says-SPAM")
    expect(says).to_be_visible()
    expect(says).to_contain_text("Offer the best one with a variable")
    page.keyboard.press("n")
    page.keyboard.type("One of many: art")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("h1")).not_to_have_text(first)
    assert settle_all(session) == [OutcomeKind.APPLIED]
    session.expire_all()
    listing = session.get_one(Listing, cases[0].listing_id)
    assert (listing.state, listing.rejection_code) == (ListingState.REJECTED, "SPAM")
    assert "One of many: art" in (listing.rejection_text or "")
    assert {second, third} >= {page.locator("h1").inner_text()}


def test_what_people_report_is_answered_by_keyboard_alone(
    desk: Desk, session: Session, services: Services, moderator: User
) -> None:
    on_sale = [make_live(session, services, make_seller(session)) for _ in range(2)]
    for listing in on_sale:
        complain(session, listing, make_user(session).id, Reason.SPAM, "Twenty of one kind.")
    session.commit()
    page = desk.sit_down(moderator)
    page.goto(f"{desk.address}/moderate?tab=reports")
    expect(page.get_by_role("link", name="Reports 2")).to_have_attribute("aria-current", "page")
    page.keyboard.press("t")
    expect(page.get_by_test_id("brought")).to_contain_text("Twenty of one kind.")
    fits = "document.documentElement.scrollHeight <= window.innerHeight"
    assert page.evaluate(fits), "the case does not fit on the screen"
    wait_for_next(page)
    page.keyboard.press("r")  # the reason people gave is chosen already
    expect(page.locator("[data-undo-bar]")).to_contain_text("taken off sale")
    wait_for_next(page)
    page.keyboard.press("a")
    page.wait_for_url("**/moderate?tab=reports**")
    assert settle_all(session) == [OutcomeKind.APPLIED, OutcomeKind.APPLIED]
    session.expire_all()
    assert [one.state for one in on_sale] == [ListingState.REJECTED, ListingState.LIVE]


def test_help_escalation_and_what_is_missing_are_told(
    desk: Desk, session: Session, cases: list[Case], moderator: User
) -> None:
    page = desk.sit_down(moderator)
    page.goto(f"{desk.address}/moderate")
    page.keyboard.press("t")
    wait_for_next(page)
    page.keyboard.press("?")
    expect(page.locator("dialog.desk-keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.desk-keys")).to_be_hidden()
    page.keyboard.press("b")
    expect(page.locator("#blur-pictures")).to_be_checked()
    page.keyboard.press("e")
    expect(page.locator("[data-error]")).to_contain_text("Say in a sentence")
    page.keyboard.press("n")
    page.keyboard.type("Is this a brand?")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator("h1")).to_have_text(cases[1].listing.title)
    assert settle_all(session) == [OutcomeKind.APPLIED]
    assert cases[0].escalated_by == moderator.id
    wait_for_next(page)
    page.keyboard.press("j")
    expect(page.locator("h1")).to_have_text(cases[2].listing.title)


def test_of_two_who_want_the_same_case_one_gets_it_and_an_old_claim_goes(
    desk: Desk, session: Session, services: Services, moderator: User
) -> None:
    case = make_case(session, services)
    other = make_user(session, Role.MODERATOR)
    session.commit()
    pages = [desk.sit_down(moderator), desk.sit_down(other)]
    for page in pages:
        page.goto(f"{desk.address}/moderate/{case.id}")
    for page in pages:
        page.evaluate("document.querySelector('[data-key=\"t\"]').click()")
    for page in pages:
        page.wait_for_load_state("networkidle")
    held = [page.locator("[data-desk]").get_attribute("data-at-work") for page in pages]
    assert sorted(map(str, held)) == ["no", "yes"]
    session.expire_all()
    loser = pages[held.index("no")]
    expect(loser.locator("aside")).to_contain_text("claimed it")
    case.claimed_at = now() - operations.CLAIM_LASTS - timedelta(seconds=1)
    session.commit()
    assert operations.release_expired(session) == 1
    session.commit()
    loser.reload()
    loser.keyboard.press("t")
    expect(loser.get_by_test_id("prompt")).to_contain_text(SECRET_WORD)


def test_the_first_moderator_cannot_take_the_appeal(
    desk: Desk, session: Session, services: Services, moderator: User
) -> None:
    case = make_case(session, services)
    operations.claim(session, case.id, moderator)
    operations.reject(session, case.id, moderator, ReasonCode.SPAM)
    decision = session.scalars(select(Decision)).one()
    words = "It is my only listing of its kind, please look again."
    appeals.appeal(session, services.vault, decision.id, case.listing.seller_id, words)
    other = make_user(session, Role.MODERATOR)
    session.commit()
    page = desk.sit_down(moderator)
    page.goto(f"{desk.address}/moderate/appeals")
    expect(page.locator("main")).to_contain_text("not yours to answer")
    page.get_by_role("link", name=case.listing.title).press("Enter")
    expect(page.locator("main")).to_contain_text("another moderator has to look at the appeal")
    expect(page.locator("main")).not_to_contain_text(words)
    page = desk.sit_down(other)
    page.goto(f"{desk.address}/moderate/appeals")
    page.get_by_role("link", name=case.listing.title).press("Enter")
    page.get_by_role("button", name="Take this appeal").press("Enter")
    expect(page.get_by_test_id("appeal-text")).to_have_text(words)


def test_the_desks_pages_hold_together_by_day_and_night_wide_and_narrow(
    desk: Desk, session: Session, services: Services, cases: list[Case]
) -> None:
    lead = make_user(session, Role.LEAD)
    lead.display_name = "Lea"  # a name at its longest is other pages' matter
    other = make_user(session, Role.MODERATOR)
    rejected, held, free = cases
    operations.claim(session, rejected.id, other)
    operations.reject(session, rejected.id, other, ReasonCode.SPAM)
    decision = session.scalars(select(Decision)).one()
    words = "It is my only listing of its kind, please look again."
    made = appeals.appeal(session, services.vault, decision.id, rejected.listing.seller_id, words)
    appeals.claim(session, made.id, lead)
    operations.claim(session, held.id, lead)
    session.commit()
    page = desk.sit_down(lead)
    page.add_init_script(NO_TRANSITIONS)
    found = {}
    for address in (
        "/moderate",
        f"/moderate/{held.id}",
        f"/moderate/{free.id}",
        f"/moderate/{rejected.id}",
        "/moderate/appeals",
        f"/moderate/appeals/{made.id}",
        f"/moderate/sellers/{rejected.listing.seller_id}",
        "/moderate/rules",
        "/moderate/second-looks",
        "/moderate/team",
    ):
        page.goto(f"{desk.address}{address}")
        for scheme in ("light", "dark"):
            for size in (PHONE, DESK):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                page.set_viewport_size(size)
                problems = page.evaluate(INSPECT)
                if problems:
                    found[f"{address}, {scheme}, {size['width']} px"] = problems
    assert found == {}
