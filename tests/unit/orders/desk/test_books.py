"""The trial balance, the CSV for an accountant, and their pages."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.permissions import Role
from marketplace.orders import ledger
from marketplace.orders.desk import books, words
from marketplace.orders.desk.forms import moments
from marketplace.orders.desk.models import Act
from marketplace.orders.models import Order
from marketplace.orders.presenters import ENTRY_TITLES, account_name
from marketplace.orders.statements import journal
from tests.factories.money import make_reconciliation
from tests.unit.orders.desk.conftest import Desk

DAY = "%Y-%m-%d"


def sell(session: Session, order: Order, memo: str | None = None) -> str:
    """Book a sale and its fee; returns the seller's account."""
    owed = ledger.seller_payable(order.lines[0].seller_id)
    sale = {ledger.STRIPE_BALANCE: 299, owed: -239, ledger.COMMISSION: -60}
    ledger.post(session, ledger.EntryKind.CHARGE, str(order.charge_id), sale, order.id, memo)
    fee = {ledger.STRIPE_FEES: 39, ledger.STRIPE_BALANCE: -39}
    ledger.post(session, ledger.EntryKind.FEE, "txn_1", fee, order.id)
    session.commit()
    return owed


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_trial_balance_groups_accounts_and_balances(desk: Desk) -> None:
    owed = sell(desk.session, desk.order)
    balance = books.trial_balance(desk.session)
    found = {
        line.account: (group, line.debit, line.credit, line.balance)
        for group, lines in balance.groups.items()
        for line in lines
    }
    assert found == {
        "stripe_balance": (words.ASSET, 299, 39, 260),
        owed: (words.LIABILITY, 0, 239, -239),
        "commission": (words.REVENUE, 0, 60, -60),
        "stripe_fees": (words.EXPENSE, 39, 0, 39),
    }
    assert (balance.debit, balance.credit, balance.difference) == (299, 299, 0)
    before = books.trial_balance(desk.session, now() - timedelta(days=1))
    assert (before.groups, before.debit) == ({}, 0)


@pytest.mark.parametrize("account", ["dispute_suspense:du_1", "seller_held:du_1", "in_review:o"])
def test_every_account_has_a_group_and_words(account: str) -> None:
    assert words.group_of(account) in (words.ASSET, words.LIABILITY)
    assert account_name(account, {}) != account


def test_all_kinds_and_acts_have_words() -> None:
    assert set(ENTRY_TITLES) == set(ledger.EntryKind)
    assert set(words.ACTS) == set(Act)
    assert set(words.ALERTS) == {*words.AlertKind}
    assert set(words.DIFFERENCES) == {*words.DifferenceKind}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "－"])
def test_no_cell_is_taken_for_a_formula(start: str) -> None:
    assert books.cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "1.99", "a=b", "refund:re_1", "2026-11-21"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert books.cell(text) == text


def test_the_journal_is_double_entry(desk: Desk) -> None:
    sell(desk.session, desk.order, memo='=HYPERLINK("http://x")\n"quoted", and more')
    text = "".join(books.journal_csv(desk.session, journal(desk.session, None, None)))
    rows = read(text)
    assert tuple(rows[0]) == books.HEADER
    assert len(rows) == 5
    entries: dict[str, int] = {}
    for row in rows:
        assert (row["debit"] == "") is not (row["credit"] == "")
        cents = round(float(row["debit"] or 0) * 100) - round(float(row["credit"] or 0) * 100)
        entries[row["entry"]] = entries.get(row["entry"], 0) + cents
        assert (row["currency"], row["order"]) == ("usd", desk.order.id)
    assert list(entries.values()) == [0, 0]
    memos = {row["memo"] for row in rows if row["kind"] == "charge"}
    assert memos == {'\'=HYPERLINK("http://x")\n"quoted", and more'}


def test_the_download_holds_the_days_that_were_asked_for(desk: Desk) -> None:
    sell(desk.session, desk.order)
    owner, today = desk.browser(Role.BOOKKEEPER), now().strftime(DAY)
    answer = owner.post("/desk/books/export", data={"start": today, "end": today})
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].endswith(f'journal-{today}-to-{today}.csv"')
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(read(answer.text)) == 5
    act = desk.only_act(Act.EXPORT)
    assert act.subject == f"{today} to {today}"
    day = (now() - timedelta(days=9)).strftime(DAY)
    empty = owner.post("/desk/books/export", data={"start": day, "end": day})
    assert read(empty.text) == []
    assert empty.text.startswith("date_utc,")


@pytest.mark.parametrize(
    ("start", "end"),
    [("", ""), ("2026-11-02", "2026-11-01"), ("2026-11-01", "9999-12-31"), ("x", "2026-11-01")],
)
def test_bad_days_are_explained(desk: Desk, start: str, end: str) -> None:
    page = desk.browser(Role.ADMIN).post("/desk/books/export", data={"start": start, "end": end})
    assert page.status_code == 422
    assert "Please mend the following" in page.text
    assert desk.acts() == []


def test_the_page_shows_the_end_of_a_day(desk: Desk) -> None:
    sell(desk.session, desk.order)
    owner = desk.browser(Role.ADMIN)
    assert "Debits and credits agree to the cent" in owner.get("/desk/books/trial-balance").text
    old = owner.get("/desk/books/trial-balance?day=2026-01-01").text
    assert "No money has moved yet" in old
    for odd in ("9999-12-31", "nonsense", "0000-00-00"):
        page = owner.get(f"/desk/books/trial-balance?day={odd}")
        assert "As it stands now" in page.text


def test_differences_are_named(desk: Desk) -> None:
    good, bad = make_reconciliation(desk.session), make_reconciliation(desk.session, missing=37)
    desk.session.commit()
    owner = desk.browser(Role.BOOKKEEPER)
    page = owner.get("/desk/books").text
    assert "Agrees" in page
    assert "1 difference<" in page
    assert "All cents agree" in owner.get(f"/desk/books/{good.id}").text
    found = owner.get(f"/desk/books/{bad.id}").text
    assert "Not in our books" in found
    assert "$0.37" in found
    assert "every cent of it is explained" in found


def test_comparing_now_says_when_stripe_is_away(desk: Desk) -> None:
    owner = desk.browser(Role.BOOKKEEPER)
    answer = owner.post("/desk/books", data={"day": now().strftime(DAY)})
    assert answer.status_code == 303
    assert "nothing was compared" in owner.get("/desk/books").text
    for odd in ("", "2999-01-01", "1999-01-01", "x"):
        assert owner.post("/desk/books", data={"day": odd}).status_code == 422
    assert desk.acts() == []


def test_moments_hold_whole_days() -> None:
    day = datetime(2026, 2, 28, tzinfo=UTC)
    assert moments(day.date(), day.date()) == (day, datetime(2026, 3, 1, tzinfo=UTC))
