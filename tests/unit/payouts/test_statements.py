"""Statements by month: from the books alone, adding up, and safe to open."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.core.clock import now
from marketplace.core.errors import NotFoundError
from marketplace.orders.disputes import sync_dispute
from marketplace.orders.models import OrderLine
from marketplace.payouts.statement_files import CSV_COLUMNS, decimal, safe_text, statement_csv
from marketplace.payouts.statement_pdf import MOST_PDF_ENTRIES, day_rows, statement_pdf
from marketplace.payouts.statements import (
    Month,
    Statement,
    StatementRow,
    make_statement,
    months_of,
    parse_month,
)
from tests.fixtures.buying import House
from tests.unit.payouts.money_steps import browser, control, dispute, give_back, sell, work_off

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture
def seller(_made_once: Flask, house: House) -> FlaskClient:
    return browser(_made_once, house, house.seller_id)


def this_month() -> Month:
    return parse_month(f"{now():%Y-%m}")


def statement_of(house: House) -> Statement:
    with house.work() as session:
        return make_statement(session, house.seller_id, this_month())


def made_up(**changes: object) -> Statement:
    values: dict[str, object] = {
        "at": NOON, "words": "Sale", "title": "Paper fox", "sale_id": "s", "order_id": "o",
        "country": "US", "price_cents": 299, "commission_cents": 60, "cents": 239,
        "balance_cents": 239, "reference": "charge:ch_1", "is_payment": False,
    }  # fmt: skip
    row = StatementRow(**(values | changes))  # type: ignore[arg-type]
    return Statement(Month(2026, 11), "Paper Fox", "paper-fox", "usd", 0, (row,), True)


def cells(contents: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(contents.decode("utf-8-sig"))))


def test_months_are_calendar_months() -> None:
    assert Month(2026, 12).next() == Month(2027, 1)
    assert Month(2026, 2).end == datetime(2026, 3, 1, tzinfo=UTC)
    assert str(parse_month("2026-03")) == "2026-03"


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "1999-01", "2026-1", "../etc"])
def test_other_words_are_no_months(text: str) -> None:
    with pytest.raises(NotFoundError):
        parse_month(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Paper fox", "Paper fox"),
        ("=HYPERLINK(0)", "'=HYPERLINK(0)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" \t=1+1", "'=1+1"),
        ("\r\n=1+1", "'=1+1"),
        ("\uff1d1", "'\uff1d1"),
        ("a\nb", "a b"),
    ],
)
def test_no_cell_is_a_formula(text: str, shown: str) -> None:
    assert safe_text(text) == shown
    row = cells(statement_csv(made_up(title=text)))[2]
    assert row[CSV_COLUMNS.index("prompt")] == shown


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (-5, "-0.05"), (123456, "1234.56")])
def test_amounts_are_decimal(cents: int, text: str) -> None:
    assert decimal(cents) == text


def test_a_month_adds_up_from_sale_to_dispute(house: House) -> None:
    sell(house)
    give_back(house, sell(house), 100)
    made = dispute(house, sell(house))
    sync_dispute(house.services, made)
    work_off(house)
    control(house, f"/_control/disputes/{made}/lose")
    sync_dispute(house.services, made)
    statement = statement_of(house)
    assert statement.opening_cents == 0
    assert statement.earned_cents == 239 + 239 - 79 + 0
    assert statement.paid_cents == statement.earned_cents
    assert statement.closing_cents == 0
    sums = {words: (count, cents) for words, count, cents in statement.totals}
    assert sums["Sale"] == (3, 3 * 239)
    assert sums["Transfer to you"] == (3, -3 * 239)
    assert sums["Refund"] == (1, -79)
    assert sums["Called back from you"] == (2, 79 + 239)
    assert sums["Dispute lost"] == (1, -239)
    balance = statement.opening_cents
    for row in statement.rows:
        balance += row.cents
        assert row.balance_cents == balance
    rows = cells(statement_csv(statement))
    assert rows[0] == list(CSV_COLUMNS)
    assert [row[1] for row in (rows[1], rows[-1])] == ["Balance before", "Balance after"]
    assert all(len(row) == len(CSV_COLUMNS) for row in rows)
    sale = dict(zip(CSV_COLUMNS, rows[2], strict=True))
    assert (sale["price"], sale["commission"], sale["amount"]) == ("2.99", "-0.60", "2.39")
    assert (sale["currency"], sale["buyer_country"]) == ("USD", "US")
    assert datetime.fromisoformat(sale["date"]).tzinfo is not None


def test_a_month_begins_where_the_one_before_ended(house: House) -> None:
    line = sell(house)
    with house.work() as session:
        [this] = months_of(session, house.seller_id)
        assert this == this_month()
        with pytest.raises(NotFoundError):
            make_statement(session, house.seller_id, Month(this.year - 1, this.number))
        with pytest.raises(NotFoundError):
            make_statement(session, house.seller_id, this.next())
        with pytest.raises(NotFoundError):
            make_statement(session, house.buyer_id, this)
        assert session.get_one(OrderLine, line.id).seller_id == house.seller_id


def test_the_files_are_served_to_their_owner(house: House, seller: FlaskClient) -> None:
    sell(house)
    month = this_month()
    listed = seller.get("/sell/statements").text
    assert f"/sell/statements/{month}.csv" in listed
    sheet = seller.get(f"/sell/statements/{month}.csv")
    assert sheet.mimetype == "text/csv"
    assert sheet.headers["Content-Disposition"] == f'attachment; filename="bracket-{month}.csv"'
    assert "no-store" in sheet.headers["Cache-Control"]
    document = seller.get(f"/sell/statements/{month}.pdf")
    assert document.mimetype == "application/pdf"
    assert document.data.startswith(b"%PDF-")
    for wrong in ("2020-01", "2026-99", "x"):
        assert seller.get(f"/sell/statements/{wrong}.csv").status_code == 404
        assert seller.get(f"/sell/statements/{wrong}.pdf").status_code == 404


def test_long_months_are_set_day_by_day_and_still_add_up() -> None:
    month = made_up()
    later = replace(month.rows[0], at=NOON + timedelta(days=1), cents=-100, words="Refund")
    rows = (*month.rows * MOST_PDF_ENTRIES, later)
    days = day_rows(rows)
    assert days == [
        ("2026-11-03", "Sale", str(MOST_PDF_ENTRIES), "717.00", "2.39"),
        ("2026-11-04", "Refund", "1", "\u22121.00", "2.39"),
    ]
    long = statement_pdf(replace(month, rows=rows), NOON)
    assert len(long) < 2 * len(statement_pdf(month, NOON))


def test_a_document_is_the_same_each_time_and_takes_any_name() -> None:
    statement = made_up(title="Füchse 🦊 狐 <b>&amp;")
    assert statement_pdf(statement, NOON) == statement_pdf(statement, NOON)
    assert statement_pdf(statement, NOON) != statement_pdf(statement, NOON + timedelta(days=1))
