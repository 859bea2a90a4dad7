"""Keeps and shows who did what at the desk."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.web.pagination import Page
from marketplace.orders.desk.models import Act, DeskAct

PAGE_SIZE = 50
HOUSE = "Bracket"
"""Who acted where no person did: a rule of the house, or a command on the server."""


def record(
    session: Session,
    act: Act,
    actor_id: str | None,
    reason: str | None = None,
    *,
    subject: str | None = None,
    order_id: str | None = None,
    seller_id: str | None = None,
    cents: int | None = None,
) -> None:
    """Keep an act in the transaction that does it, so that neither is there without the other."""
    session.add(
        DeskAct(
            act=act,
            actor_id=actor_id,
            reason=None if reason is None else reason[:2000],
            subject=None if subject is None else subject[:120],
            order_id=order_id,
            seller_id=seller_id,
            cents=cents,
        )
    )


def acts_page(session: Session, number: int) -> Page[DeskAct]:
    """All acts, newest first."""
    total = session.scalar(select(func.count()).select_from(DeskAct)) or 0
    rows = session.scalars(
        select(DeskAct)
        .order_by(DeskAct.at.desc(), DeskAct.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    return Page(rows, number, PAGE_SIZE, total)


def acts_about_order(session: Session, order_id: str) -> list[DeskAct]:
    """What was done about one order, oldest first."""
    return _about(session, DeskAct.order_id == order_id)


def acts_about_seller(session: Session, seller_id: str) -> list[DeskAct]:
    """What was done about one seller, oldest first."""
    return _about(session, DeskAct.seller_id == seller_id)


def _about(session: Session, which: ColumnElement[bool]) -> list[DeskAct]:
    statement = select(DeskAct).where(which).order_by(DeskAct.at, DeskAct.id).limit(500)
    return list(session.scalars(statement))


def people(session: Session, ids: Iterable[str | None]) -> dict[str | None, str]:
    """Display names by id; None and unknown ids are the house."""
    wanted = {one for one in ids if one}
    rows = session.execute(select(User.id, User.display_name).where(User.id.in_(wanted)))
    names: dict[str | None, str] = dict.fromkeys([*wanted, None], HOUSE)
    names.update({row.id: row.display_name for row in rows})
    return names
