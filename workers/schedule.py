"""Every periodic job in one table, with its reason. Intervals are in seconds."""

from __future__ import annotations

from typing import Any

from marketplace.task_names import TaskName


def _every(seconds: float, task: TaskName) -> dict[str, Any]:
    # A sweep that could not run in time is pointless: the next one is on its way.
    return {"task": task.value, "schedule": seconds, "options": {"expires": seconds * 2}}


SCHEDULE: dict[str, dict[str, Any]] = {
    # Finds runs whose worker died and listings whose message was lost.
    "verification": _every(5, TaskName.SWEEP_VERIFICATION),
    # Finds consistency reports whose worker died or gave way, and proved versions without one.
    "consistency": _every(10, TaskName.SWEEP_CONSISTENCY),
    # Tables of listings whose worker died or gave way; archives that nobody needs any more.
    "bulk": _every(10, TaskName.SWEEP_BULK),
    # Keeps the cache of generated pictures within its limit.
    "generation_cache": _every(300, TaskName.SWEEP_CACHE),
    # Policy checks whose message was lost, whose moment has come, or whose provider was silent.
    "policy": _every(10, TaskName.SWEEP_POLICY),
    # Decisions whose time for undoing is over; a message usually comes sooner.
    "decisions": _every(3, TaskName.SWEEP_DECISIONS),
    # Claims and terms that are over, listings to look at again, sellers at risk, second looks.
    "desk": _every(60, TaskName.SWEEP_DESK),
    # Signs the reports of runs that have ended, and overrides.
    "proofs": _every(10, TaskName.SWEEP_PROOFS),
    # Takes listings off sale whose model was switched off; hidden they are at once.
    "models": _every(60, TaskName.SWEEP_MODELS),
    # Verifies listings again whose model has changed, and takes off sale what nobody mended.
    "model_changes": _every(30, TaskName.SWEEP_CHANGES),
    # Brings search up to date with what has changed; a message usually comes sooner.
    "search": _every(3, TaskName.UPDATE_SEARCH),
    # Measures the levels of demand anew that search for common words goes by, in large shops.
    "search_levels": _every(600, TaskName.MEASURE_DEMAND),
    # Sends mail again whose worker or mail server failed.
    "mail": _every(15, TaskName.SWEEP_MAIL),
    # Mail about what is new: saved searches, and sellers who are followed.
    "news": _every(300, TaskName.SWEEP_NEWS),
    # What web processes counted of looks at listings, into daily sums; and what of it is old.
    "counts": _every(10, TaskName.SWEEP_COUNTS),
    "old_counts": _every(6 * 3600, TaskName.TIDY_COUNTS),
    # Timed sales that have begun or ended: prices follow the clock, kept pages hear of it here.
    "offers": _every(5, TaskName.SWEEP_OFFERS),
    # Receipts, invoices and credit notes that nobody has asked for yet.
    "receipts": _every(30, TaskName.SWEEP_RECEIPTS),
    # Webhooks that were stored but not finished, payments nobody told us about, due transfers.
    "payments": _every(20, TaskName.SWEEP_PAYMENTS),
    # Webhooks that Stripe could not deliver, accounts whose news was lost, fees of no charge.
    "payment_events": _every(600, TaskName.FETCH_EVENTS),
    # Our books against Stripe's.
    "reconciliation": _every(24 * 3600, TaskName.RECONCILE),
    # Sellers' accounts and payouts: what must be asked for or told, and mail about their money.
    "payouts": _every(30, TaskName.SWEEP_PAYOUTS),
}
