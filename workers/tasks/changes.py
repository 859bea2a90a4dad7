"""After a model changed: queue its listings, start their runs, mind the windows. All by sweeps."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import ListingVersion
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import SOLD
from marketplace.task_names import TaskName
from marketplace.verification.changes import operations
from workers.app import app, services


@app.task(name=TaskName.SWEEP_CHANGES.value)
def sweep_changes() -> None:
    """Each step is a transaction of its own, and harmless to repeat."""
    parts = services()
    with unit_of_work(parts.database) as session:
        for change in operations.unplanned(session):
            versions = operations.affected_versions(session, change)
            operations.plan(session, change, times_sold(session, versions))
    with unit_of_work(parts.database) as session:
        for run in operations.unconcluded(session):
            operations.conclude(session, parts, run)
    with unit_of_work(parts.database) as session:
        operations.mark_degraded(session, parts)
        operations.mend_replaced(session)
        operations.expire(session, parts)
    with unit_of_work(parts.database) as session:
        operations.start_due(session, parts.queue, parts.settings.reverification_budget)


def times_sold(session: Session, version_ids: Sequence[str]) -> dict[str, int]:
    """How often each version's listing was paid for, by version id; 0 included.

    All versions of a listing count: what people rely on is the listing.
    """
    paid = (
        select(OrderLine.listing_id, func.count().label("sold"))
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.state.in_(SOLD))
        .group_by(OrderLine.listing_id)
        .subquery()
    )
    query = (
        select(ListingVersion.id, func.coalesce(paid.c.sold, 0))
        .outerjoin(paid, paid.c.listing_id == ListingVersion.listing_id)
        .where(ListingVersion.id.in_(version_ids))
    )
    return {version_id: int(sold) for version_id, sold in session.execute(query)}
