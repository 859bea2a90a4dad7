"""Holding and releasing sellers' money, and bearing their debts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.permissions import Role
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders import ledger
from marketplace.orders.debts import seller_debt
from marketplace.orders.desk.models import Act
from marketplace.orders.holds import open_hold
from marketplace.orders.models import OrderLine
from marketplace.orders.states import TransferState
from tests.factories.money import make_debt
from tests.unit.orders.desk.conftest import Desk


@pytest.fixture
def moderator(desk: Desk) -> FlaskClient:
    return desk.browser(Role.MODERATOR)


def line(desk: Desk, number: int = 0) -> OrderLine:
    desk.session.expire_all()
    return desk.order.lines[number]


def test_one_share_is_held_and_released(desk: Desk, moderator: FlaskClient) -> None:
    address = f"/desk/lines/{line(desk).id}"
    soon = (now() + timedelta(days=3)).date()
    form = {"reason": "odd prompt", "until": soon.isoformat()}
    assert moderator.post(f"{address}/hold", data=form).status_code == 303
    held = line(desk)
    assert (held.transfer_state, held.held_code, held.held_note) == (
        TransferState.HELD, "by_hand", "odd prompt",
    )  # fmt: skip
    assert held.hold_until is not None
    assert held.hold_until.date() == soon
    assert held.held_by == desk.person(Role.MODERATOR).id
    page = moderator.get(address).text
    assert "odd prompt" in page
    assert moderator.post(f"{address}/release", data={"reason": "fine"}).status_code == 303
    assert line(desk).transfer_state is TransferState.PENDING
    assert [(act.act, act.reason) for act in desk.acts()] == [
        (Act.HOLD_LINE, "odd prompt"),
        (Act.RELEASE_LINE, "fine"),
    ]
    # What cannot be done any more is refused, and not kept as done.
    assert moderator.post(f"{address}/release", data={"reason": "again"}).status_code == 409
    assert len(desk.acts()) == 2


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"reason": ""}, "Say why"),
        ({"reason": "  "}, "Say why"),
        ({"reason": "x" * 501}, "At most 500"),
        ({"reason": "kept words", "until": "2020-01-01"}, "a day to come"),
        ({"reason": "kept words", "until": "tomorrow"}, "kept words"),
    ],
)
def test_a_hold_says_why_and_until_a_day_to_come(
    desk: Desk, moderator: FlaskClient, form: dict[str, str], said: str
) -> None:
    for address in (f"lines/{line(desk).id}", f"sellers/{line(desk).seller_id}"):
        page = moderator.post(f"/desk/{address}/hold", data=form)
        assert page.status_code == 422
        assert said in page.text
    assert line(desk).transfer_state is TransferState.PENDING
    assert desk.acts() == []


def test_everything_of_a_seller_is_held_and_released(desk: Desk, moderator: FlaskClient) -> None:
    seller_id = line(desk).seller_id
    address = f"/desk/sellers/{seller_id}"
    assert seller_id not in moderator.get("/desk/sellers").text
    assert moderator.post(f"{address}/hold", data={"reason": "stolen pictures"}).status_code == 303
    assert line(desk).transfer_state is TransferState.HELD
    assert line(desk, 1).transfer_state is TransferState.PENDING  # another seller's
    assert seller_id in moderator.get("/desk/sellers").text
    page = moderator.get(address).text
    assert "stolen pictures" in page
    assert "Release everything" in page
    assert moderator.post(f"{address}/hold", data={"reason": "twice"}).status_code == 409
    assert moderator.post(f"{address}/release", data={"reason": "cleared"}).status_code == 303
    assert open_hold(desk.session, seller_id) is None
    assert line(desk).transfer_state is TransferState.PENDING
    assert [act.act for act in desk.acts()] == [Act.HOLD_SELLER, Act.RELEASE_SELLER]
    assert {act.seller_id for act in desk.acts()} == {seller_id}


def test_a_debt_is_written_off_by_who_keeps_the_books(desk: Desk) -> None:
    seller_id = line(desk).seller_id
    make_debt(desk.session, line(desk), 239)
    desk.session.commit()
    owner, address = desk.browser(Role.BOOKKEEPER), f"/desk/sellers/{seller_id}"
    assert "$2.39" in owner.get("/desk/sellers").text
    form = {"amount": "1.00", "reason": "left the country", "sure": "y", "seen": "239"}
    done = owner.post(f"{address}/write-off", data=form)
    assert done.status_code == 303
    assert seller_debt(desk.session, seller_id) == 139
    assert ledger.balance(desk.session, ledger.LOSS) == 100
    assert ledger.trial_balance(desk.session) == 0
    act = desk.only_act(Act.WRITE_OFF)
    assert (act.cents, act.seller_id, act.reason) == (100, seller_id, "left the country")
    assert "left the country" in owner.get(address).text
    # A second click on the same page does nothing more.
    again = owner.post(f"{address}/write-off", data=form)
    assert again.status_code == 409
    assert "has changed since you looked" in again.text
    assert ledger.balance(desk.session, ledger.LOSS) == 100


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"amount": "2.40"}, "owes $2.39"),
        ({"amount": "0"}, "at least 0.01"),
        ({"amount": "all"}, "in dollars"),
        ({"reason": ""}, "Say why"),
        ({"sure": ""}, "Tick the box"),
    ],
)
def test_a_bad_write_off_is_explained(desk: Desk, changed: dict[str, str], said: str) -> None:
    make_debt(desk.session, line(desk), 239)
    desk.session.commit()
    form = {"amount": "1.00", "reason": "typed words", "sure": "y", "seen": "239"} | changed
    form = {name: value for name, value in form.items() if value}
    address = f"/desk/sellers/{line(desk).seller_id}/write-off"
    page = desk.browser(Role.ADMIN).post(address, data=form)
    assert page.status_code == 422
    assert said in page.text
    assert form.get("reason", "") in page.text
    assert desk.acts() == []
    assert ledger.balance(desk.session, ledger.LOSS) == 0


def test_account_trouble_is_listed_and_searched(desk: Desk, moderator: FlaskClient) -> None:
    first, second = (desk.session.get_one(SellerProfile, line(desk, n).seller_id) for n in (0, 1))
    first.transfers_status = TransfersStatus.RESTRICTED
    desk.session.commit()
    page = moderator.get("/desk/sellers").text
    assert first.handle in page
    assert second.handle not in page
    for text in (second.handle, f"@{second.handle}", second.user_id, "acct_1"):
        assert second.handle in moderator.get("/desk/sellers", query_string={"q": text}).text
    assert "No seller fits" in moderator.get("/desk/sellers?q=100%25_").text


def test_stripe_is_asked_only_on_request(desk: Desk, moderator: FlaskClient) -> None:
    """Nothing answers here: the page says so and shows the rest."""
    address = f"/desk/sellers/{line(desk).seller_id}"
    assert "Ask Stripe what is missing" in moderator.get(address).text
    page = moderator.get(f"{address}?stripe=1")
    assert page.status_code == 200
    assert "Stripe does not answer now" in page.text
