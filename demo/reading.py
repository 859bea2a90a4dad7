"""Reads content/ into a DemoScript and refuses content that contradicts itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from demo.script import (
    BuyerScript,
    ContentError,
    DemoScript,
    Lift,
    ListingScript,
    Outcome,
    Purchase,
    ReviewScript,
    SampleScript,
    SellerScript,
    Truth,
)
from marketplace.core.money import parse_price
from marketplace.moderation.states import ReasonCode
from marketplace.verification.states import Verdict

CONTENT = Path(__file__).with_name("content")


def read_script(folder: Path = CONTENT) -> DemoScript:
    """The demo as its files tell it.

    Raises:
        ContentError: a listing named twice or missing in the running order, an unknown key.
    """
    sellers, listings = [], []
    for path in sorted((folder / "sellers").glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        seller = _seller(content["seller"])
        sellers.append(seller)
        listings += [_listing(seller, entry) for entry in content["listing"]]
    cast = tomllib.loads((folder / "cast.toml").read_text(encoding="utf-8"))
    return DemoScript(
        sellers=tuple(sellers),
        buyers=tuple(_buyer(entry, listings) for entry in cast["buyer"]),
        staff=tuple((entry["email"], entry["person"], entry["role"]) for entry in cast["staff"]),
        listings=_in_order(listings, cast["running_order"]),
    )


def _in_order(listings: list[ListingScript], order: list[str]) -> tuple[ListingScript, ...]:
    """The listings as they arrive; whatever is lifted must be there before its thief."""
    known = {listing.key: listing for listing in listings}
    if len(known) != len(listings) or sorted(order) != sorted(known):
        odd = set(known).symmetric_difference(order)
        raise ContentError(f"the running order must name every listing once: {sorted(odd)}")
    for place, key in enumerate(order):
        for sample in known[key].samples:
            lift = sample.truth.lift if sample.truth else None
            if lift is not None and lift.source not in order[:place]:
                raise ContentError(f"{key} lifts from {lift.source}, which does not come before it")
    return tuple(known[key] for key in order)


def _seller(entry: dict[str, Any]) -> SellerScript:
    return SellerScript(
        email=entry["email"],
        person=entry["person"],
        handle=entry["handle"],
        name=entry["name"],
        bio=entry["bio"].strip(),
        paid=entry.get("paid", True),
    )


def _listing(seller: SellerScript, entry: dict[str, Any]) -> ListingScript:
    outcome = Outcome(entry.get("outcome", Outcome.PUBLISH))
    listing = ListingScript(
        key=entry["key"],
        seller=seller.email,
        title=entry["title"],
        description=_paragraphs(entry["description"]),
        category=entry["category"],
        model=entry["model"],
        price=parse_price(entry["price"]),
        tags=tuple(entry["tags"]),
        prompt=_one_line(entry["prompt"]),
        samples=tuple(_sample(sample) for sample in entry["sample"]),
        outcome=outcome,
        scheduler=entry.get("scheduler"),
        steps=entry.get("steps"),
        guidance=entry.get("guidance"),
        expect=Verdict(entry.get("expect", Verdict.REPRODUCED)),
        reason=ReasonCode(entry["reason"]) if "reason" in entry else None,
        note=_one_line(entry.get("note", "")),
    )
    if outcome is Outcome.PUBLISH and not listing.is_honest:
        raise ContentError(f"{listing.key} is forged and must not be published")
    if (outcome is Outcome.REJECT) != (listing.reason is not None):
        raise ContentError(f"{listing.key}: a rejection has a reason, and nothing else has")
    return listing


def _sample(entry: dict[str, Any]) -> SampleScript:
    return SampleScript(
        seed=entry["seed"],
        values=dict(entry.get("values", {})),
        truth=_truth(entry["truth"]) if "truth" in entry else None,
    )


def _truth(entry: dict[str, Any]) -> Truth:
    lift = entry.get("lift")
    return Truth(
        prompt=entry.get("prompt"),
        seed=entry.get("seed"),
        lift=Lift(lift["source"], lift["sample"], lift.get("mirrored", False)) if lift else None,
    )


def _buyer(entry: dict[str, Any], listings: list[ListingScript]) -> BuyerScript:
    on_sale = {listing.key for listing in listings if listing.outcome is Outcome.PUBLISH}
    purchases = tuple(
        Purchase(item["listing"], item["method"], _review(item)) for item in entry["purchase"]
    )
    for purchase in purchases:
        if purchase.listing not in on_sale:
            raise ContentError(f"{entry['email']} buys {purchase.listing}, which is not on sale")
    return BuyerScript(entry["email"], entry["person"], purchases)


def _review(entry: dict[str, Any]) -> ReviewScript | None:
    if "stars" not in entry:
        return None
    return ReviewScript(
        entry["stars"], _paragraphs(entry.get("review", "")), _paragraphs(entry.get("reply", ""))
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _paragraphs(text: str) -> str:
    """Line breaks within a paragraph are the file's; empty lines part paragraphs."""
    return "\n\n".join(_one_line(part) for part in text.strip().split("\n\n"))
