"""The demo's purchases: through the site's checkout and the emulator's page, once each."""

from __future__ import annotations

import pytest
import requests
from sqlalchemy import func, select

from demo import buying
from demo.loopback import PageRefusedError, submit
from demo.script import DemoScript
from marketplace.community.models import Review
from marketplace.orders.models import Entitlement, LedgerEntry, LedgerPosting, Order
from marketplace.orders.states import OrderState
from tests.unit.demo.stage import Stage


def totals(stage: Stage) -> tuple[int, int, int, int]:
    """(paid orders, entitlements, ledger entries of charges, sum of all postings)."""
    with stage.services.database.new_session() as session:
        paid = select(func.count()).select_from(Order).where(Order.state == OrderState.PAID)
        charges = select(func.count()).where(LedgerEntry.kind == "charge")
        return (
            session.scalar(paid) or 0,
            session.scalar(select(func.count()).select_from(Entitlement)) or 0,
            session.scalar(charges) or 0,
            session.scalar(select(func.coalesce(func.sum(LedgerPosting.amount_cents), 0))) or 0,
        )


@pytest.fixture
def shop(stage: Stage, script: DemoScript) -> DemoScript:
    """A script of two listings, one of which is bought, by card."""
    return script.only("trail-club", "paper-valleys")


def test_buyers_buy_once(stage: Stage, shop: DemoScript) -> None:
    said = stage.play(shop)
    assert "Alex Moreau and Trail Club Badges: bought." in said
    assert "Alex Moreau and Trail Club Badges: reviewed with 4 stars." in said
    assert totals(stage) == (1, 1, 1, 0)
    stage.play(shop)
    assert totals(stage) == (1, 1, 1, 0)
    with stage.services.database.new_session() as session:
        assert session.scalar(select(func.count()).select_from(Review)) == 1


def test_a_payment_is_settled_after_a_kill_on_the_way_back(
    stage: Stage, shop: DemoScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(url: str, fields: dict[str, str]) -> int:
        submit(url, fields)
        raise KeyboardInterrupt

    monkeypatch.setattr(buying, "submit", killed)
    with pytest.raises(KeyboardInterrupt):
        stage.play(shop)
    assert totals(stage)[0] == 0
    monkeypatch.setattr(buying, "submit", submit)
    assert "Alex Moreau and Trail Club Badges: bought." in stage.play(shop)
    assert totals(stage) == (1, 1, 1, 0)


def test_a_kill_before_paying_pays_the_same_checkout(
    stage: Stage, shop: DemoScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(buying, "submit", killed)
    with pytest.raises(KeyboardInterrupt):
        stage.play(shop)
    monkeypatch.setattr(buying, "submit", submit)
    stage.play(shop)
    with stage.services.database.new_session() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 1


def test_a_page_that_refuses_is_reported_and_tried_again(
    stage: Stage, shop: DemoScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buying, "CARD", buying.CARD | {"number": "4000 0000 0000 0002"})
    said = stage.play(shop)
    assert "Alex Moreau and Trail Club Badges: not bought: PageRefusedError." in said
    assert totals(stage) == (0, 0, 0, 0)
    monkeypatch.undo()


def test_only_this_machine_is_ever_paid() -> None:
    with pytest.raises(ValueError, match="on this machine"):
        submit("https://checkout.stripe.com/c/pay/cs_1", {"pay": "google_pay"})


def test_a_missing_page_is_a_refusal(stage: Stage) -> None:
    base = stage.services.settings.stripe_api_base
    assert requests.get(f"{base}/c/pay/nothing", timeout=60).status_code == 404
    with pytest.raises(PageRefusedError):
        submit(f"{base}/c/pay/nothing", {})
