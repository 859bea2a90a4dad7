"""What is suggested as one types."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.search.suggestions import suggest
from tests.factories.accounts import make_seller
from tests.factories.search import Stock, put_on_sale


def labels(session: Session, typed: str) -> dict[str, list[str]]:
    groups = suggest(session, "english", typed)
    return {group.name: [option.label for option in group.options] for group in groups}


def test_listings_categories_models_and_sellers_as_one_types(
    session: Session, services: Services
) -> None:
    seller = make_seller(session, name="Wandering Fox", handle="wandering-fox")
    session.commit()
    put_on_sale(
        services,
        Stock("Watercolour foxes", sales=(1,)),
        Stock("Quiet waterfall", ("night",), days=20),
        Stock("Wallpaper of a fox at night"),
        seller=seller,
    )
    assert labels(session, "wa") == {
        "Listings": ["Watercolour foxes", "Quiet waterfall", "Wallpaper of a fox at night"],
        "Categories": ["Wallpapers", "Wall art"],
        "Sellers": ["Wandering Fox"],
    }
    assert labels(session, "fox n") == {}
    assert labels(session, "fox ni") == {"Listings": ["Wallpaper of a fox at night"]}
    assert labels(session, "sdx") == {"Models": ["SDXL"]}
    assert labels(session, "wandering f") == {"Sellers": ["Wandering Fox"]}
    assert labels(session, "jewel") == {"Categories": ["Jewelry cards"]}


def test_odd_beginnings_suggest_nothing_and_break_nothing(
    session: Session, services: Services
) -> None:
    put_on_sale(services, Stock("Fox"))
    for typed in ("", "f", "%", "__", "\\", "'", "zz", "the", "fo%", "-fox", '"'):
        assert labels(session, typed) in ({}, {"Listings": ["Fox"]}), typed
    assert labels(session, "fo%") == labels(session, "-fox") == {"Listings": ["Fox"]}
