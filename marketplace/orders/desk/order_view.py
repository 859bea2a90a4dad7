"""One order's whole story with names in place of ids, for the desk's page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.orders import ledger
from marketplace.orders.desk import acts, words
from marketplace.orders.desk.models import DeskAct
from marketplace.orders.desk.refund_routes import seller_names
from marketplace.orders.models import LedgerEntry
from marketplace.orders.presenters import account_name, kind_title
from marketplace.orders.refunds import refundable_cents
from marketplace.orders.story import Moment, OrderStory, order_story


@dataclass(frozen=True)
class EntryView:
    """A ledger entry in words; cents: + debit, - credit."""

    entry: LedgerEntry
    title: str
    legs: tuple[tuple[str, int], ...]

    @property
    def sum_cents(self) -> int:
        """Zero, or the entry is wrong."""
        return sum(cents for _name, cents in self.legs)


@dataclass(frozen=True)
class OrderView:
    """All that the page shows."""

    story: OrderStory
    email: str
    sellers: dict[str, str]
    entries: tuple[EntryView, ...]
    acts: list[DeskAct]
    names: dict[str | None, str]
    left: dict[str, int]
    """What of each line can still be given back, by its id."""

    @property
    def timeline(self) -> list[tuple[Moment, str, str]]:
        """Everything that happened, in order: what it was in words, and which or why."""
        return [(one, moment_words(one), moment_detail(one)) for one in self.story.timeline]

    @property
    def refundable(self) -> bool:
        """True while anything of the order can be given back."""
        return any(self.left.values())


def order_view(session: Session, order_id: str) -> OrderView:
    """Read an order's story.

    Raises:
        NotFoundError: no such order.
    """
    story = order_story(session, order_id)
    done = acts.acts_about_order(session, order_id)
    people = [act.actor_id for act in done]
    people += [refund.decided_by for refund in story.refunds]
    people += [request.decided_by for request in story.requests]
    people += [moment.actor_id for moment in story.timeline]
    people += [line.held_by for line in story.lines]
    return OrderView(
        story=story,
        email=session.get_one(User, story.order.buyer_id).email,
        sellers=seller_names(session, story.order),
        entries=tuple(_entry(session, entry) for entry in story.entries),
        acts=done,
        names=acts.people(session, people),
        left={line.id: refundable_cents(session, line) for line in story.lines},
    )


def moment_words(moment: Moment) -> str:
    """What happened, for people."""
    if moment.kind == "ledger":
        return f"Booked: {kind_title(moment.title)}"
    return words.EVENTS.get(moment.title, words.plain(moment.title))


def moment_detail(moment: Moment) -> str:
    """Which prompt it was about, and why; codes as words, ids and people's words as they are."""
    return " · ".join(part for part in (moment.about, words.reason_words(moment.detail)) if part)


def _entry(session: Session, entry: LedgerEntry) -> EntryView:
    names = ledger.seller_names(session, [leg.account for leg in entry.postings])
    return EntryView(
        entry=entry,
        title=kind_title(entry.kind),
        legs=tuple((account_name(leg.account, names), leg.amount_cents) for leg in entry.postings),
    )
