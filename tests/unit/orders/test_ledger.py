"""The books: balanced, written once, and read in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.ids import new_id
from marketplace.orders import ledger
from marketplace.orders.ledger import EntryKind
from marketplace.orders.ledger_totals import totals
from marketplace.orders.models import LedgerEntry, LedgerPosting
from marketplace.orders.presenters import account_name, entry_title
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import count

CHARGE = {"stripe_balance": 299, "commission": -60, "seller_payable:x": -239}


def test_a_fact_is_booked_once(house: House) -> None:
    with house.work() as session:
        assert ledger.post(session, EntryKind.CHARGE, "ch_1", CHARGE)
        assert not ledger.post(session, EntryKind.CHARGE, "ch_1", CHARGE)
    with house.work() as session:
        assert not ledger.post(session, EntryKind.CHARGE, "ch_1", CHARGE)
        assert ledger.balances(session) == CHARGE
    assert (count(house, LedgerEntry), count(house, LedgerPosting)) == (1, 3)


@pytest.mark.parametrize(
    "postings", [{}, {"a": 0, "b": 0}, {"a": 1}, {"a": 1, "b": -2}, {"a": 1, "b": 0}]
)
def test_postings_that_do_not_cancel_are_refused(postings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="cancel"):
        ledger.post(None, EntryKind.CHARGE, "ch_1", postings)  # type: ignore[arg-type]


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(-500, 500), max_size=4))
def test_only_sums_of_zero_pass_the_first_check(postings: dict[str, int]) -> None:
    if sum(postings.values()) != 0:
        with pytest.raises(ValueError, match="cancel"):
            ledger.post(None, EntryKind.CHARGE, "ch_1", postings)  # type: ignore[arg-type]


@pytest.mark.parametrize("cents", [(100, -99), (100,)])
def test_the_database_itself_refuses_what_does_not_balance(
    house: House, cents: tuple[int, ...]
) -> None:
    def book() -> None:
        with house.work() as session:
            entry = LedgerEntry(id=new_id(), external_id=f"charge:{new_id()}", kind="charge")
            session.add(entry)
            session.flush()
            for number, amount in enumerate(cents):
                leg = LedgerPosting(entry_id=entry.id, account=f"a{number}", amount_cents=amount)
                session.add(leg)

    with pytest.raises(DBAPIError, match="does not balance"):
        book()
    assert count(house, LedgerEntry) == 0


@pytest.mark.parametrize(
    "change", ["UPDATE ledger_postings SET amount_cents = 1", "DELETE FROM ledger_entries"]
)
def test_what_is_booked_stays(house: House, change: str) -> None:
    with house.work() as session:
        ledger.post(session, EntryKind.CHARGE, "ch_1", CHARGE)
    with house.work() as session, pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(change))
    with house.work() as session:
        assert ledger.balances(session) == CHARGE


def test_an_empty_ledger_has_totals_of_zero(house: House) -> None:
    with house.work() as session:
        sums = totals(session)
    assert (sums.money_in, sums.difference, sums.stripe_balance) == (0, 0, 0)


def test_accounts_and_entries_in_words() -> None:
    assert account_name("seller_payable:x", {"x": "Paper Fox"}) == "Owed to Paper Fox"
    assert account_name("seller_payable:y", {}) == "Owed to y"
    assert account_name("in_review:o", {}) == "Under review, order o"
    assert account_name("commission", {}) == "Bracket's commission"
    assert entry_title(LedgerEntry(kind="transfer")) == "A seller was paid"
    assert entry_title(LedgerEntry(kind="something new")) == "something new"
