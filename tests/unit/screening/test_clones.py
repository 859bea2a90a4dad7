"""Who was there first, when prompts change in listings that stay on sale."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.listings import operations as listings
from marketplace.listings.drafting import reopen_draft, write_prompt
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.prompts import parse
from marketplace.prompts.filling import resolve_values
from marketplace.screening.models import PolicyCheck, PolicyFinding
from tests.factories.accounts import make_seller
from tests.factories.listings import make_live
from workers.tasks import policy

FIRST = (
    "quiet harbour with [boat: dinghy | trawler] at dawn, wet cobbles, gulls over slate roofs, "
    "soft grain, pale greens and one red door"
)
CLONE = FIRST.replace("[boat: dinghy | trawler]", "[ship=barge]").replace("one red", "one blue")
OTHER = "layered paper [animal: fox | owl] in a velvet forest, gold rim light, deep blue shadows"


@pytest.fixture(autouse=True)
def _workers(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "services", lambda: services)


def live(session: Session, services: Services, prompt: str) -> Listing:
    listing = make_live(session, services, make_seller(session), prompt=prompt)
    session.commit()
    policy.check_policy(str(listing.version_id))
    return listing


def edit(session: Session, services: Services, listing: Listing, prompt: str) -> list[str]:
    """Submit an edit with this prompt; the rules that found clones in it."""
    reopen_draft(session, listing, listing.seller_id)
    version = version_of(session, listing)
    write_prompt(services.vault, version, prompt)
    for sample in version.samples:
        sample.values = resolve_values(parse(prompt), {})
    listings.submit(session, services.vault, services.queue, listing, listing.seller_id)
    session.commit()
    policy.check_policy(version.id)
    session.expire_all()
    return [
        rule
        for rule in session.scalars(
            select(PolicyFinding.rule)
            .join(PolicyCheck, PolicyCheck.id == PolicyFinding.check_id)
            .where(PolicyCheck.version_id == version.id)
        )
        if rule.startswith("clones.")
    ]


def test_an_old_listing_that_takes_anothers_prompt_was_not_first(
    session: Session, services: Services
) -> None:
    with frozen(now() - timedelta(days=9)):
        taker = live(session, services, OTHER)
    with frozen(now() - timedelta(days=2)):
        author = live(session, services, FIRST)
    assert edit(session, services, taker, CLONE) == ["clones.earlier"]
    mended = FIRST.replace("soft grain", "fine grain")
    assert edit(session, services, author, mended) == ["clones.later"]
