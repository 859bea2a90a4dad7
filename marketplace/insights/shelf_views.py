"""The table of a seller's listings, and acts on several of them with a report of each."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.errors import InvalidError
from marketplace.core.money import parse_price
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.insights import many
from marketplace.insights.dashboard_views import own_profile
from marketplace.insights.many import Outcome
from marketplace.insights.periods import CHOICES, read_period
from marketplace.insights.shelf import Sort, Wanted, ids_of, shelf, state_counts
from marketplace.listings.models import MAX_PRICE_CENTS, MIN_PRICE_CENTS
from marketplace.listings.states import ListingState

STATE_NAMES = {
    ListingState.LIVE: "On sale",
    ListingState.WITHDRAWN: "Off the shelves",
    ListingState.DRAFT: "Drafts",
    ListingState.VERIFYING: "Being verified",
    ListingState.IN_REVIEW: "In review",
    ListingState.CHANGES: "Changes requested",
    ListingState.REJECTED: "Rejected",
}
SORT_NAMES = {
    Sort.PRICE: "Price",
    Sort.OPENED: "Opened",
    Sort.SALES: "Sales",
    Sort.CONVERSION: "Conversion",
    Sort.CONSISTENCY: "Consistency",
}


@requires(Permission.SELL_LISTINGS_WRITE)
def table() -> ResponseReturnValue:
    """A page of the seller's listings."""
    return _page()


@requires(Permission.SELL_LISTINGS_WRITE)
def act() -> ResponseReturnValue:
    """Do something to the chosen listings; the page says what was done to each, and what not."""
    try:
        outcomes = _act(request.form.get("do", ""), _chosen())
    except InvalidError as error:
        return _page(problem=error.message), 422
    return _page(outcomes)


def _act(do: str, chosen: list[str]) -> list[Outcome]:
    seller_id = own_profile().user_id
    if not chosen:
        raise InvalidError("Choose one listing at least.")
    if do == "unlist":
        return many.unlist(db(), services(), seller_id, chosen)
    if do == "relist":
        return many.list_again(db(), services(), seller_id, chosen)
    if do != "price":
        raise InvalidError("Choose what to do.")
    try:
        price = parse_price(request.form.get("price", ""))
    except ValueError as error:
        raise InvalidError(str(error), field="price") from None
    return many.set_price(db(), services(), seller_id, chosen, price)


def _chosen() -> list[str]:
    """Ids from the form: those ticked, or the whole list that the address describes."""
    if request.form.get("whole") == "1":
        # One more than allowed, so that too many are told rather than some left out.
        most = many.MOST_AT_ONCE + 1
        return list(ids_of(db(), own_profile().user_id, _wanted(), most))
    return request.form.getlist("listing")


def _wanted() -> Wanted:
    state, sort = request.args.get("state", ""), request.args.get("sort", "")
    return Wanted(
        state=ListingState(state) if state in list(ListingState) else None,
        sort=Sort(sort) if sort in list(Sort) else Sort.NEWEST,
    )


def _page(outcomes: list[Outcome] | None = None, problem: str = "") -> str:
    profile, wanted = own_profile(), _wanted()
    period = read_period(request.args.get("days", ""))
    counts = state_counts(db(), profile.user_id)
    return render_template(
        "insights/listings.html",
        page=shelf(db(), profile.user_id, wanted, period, page_number(), counts),
        wanted=wanted,
        period=period,
        choices=CHOICES,
        counts=counts,
        state_names=STATE_NAMES,
        sort_names=SORT_NAMES,
        # Filters of the address, for links that change one of them.
        kept={"state": wanted.state, "sort": wanted.sort, "days": period.days},
        outcomes=outcomes,
        problem=problem,
        chosen=set(request.form.getlist("listing")) if problem else set(),
        whole=bool(problem) and request.form.get("whole") == "1",
        typed_price=request.form.get("price", "") if problem else "",
        lowest=MIN_PRICE_CENTS,
        highest=MAX_PRICE_CENTS,
    )
