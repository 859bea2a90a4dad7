"""An edit of a listing on sale at the desk: its lane, and the difference it makes."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.listings import operations as listings
from marketplace.listings.catalogue import load_catalogue
from marketplace.listings.drafting import reopen_draft
from marketplace.listings.queries import version_of
from marketplace.moderation.edits import changes_since
from marketplace.moderation.models import Case
from marketplace.moderation.operations import open_case
from marketplace.moderation.states import CaseState
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_live
from tests.fixtures.app import log_in


def test_a_moderator_reads_what_an_edit_changes(
    app: Flask, session: Session, services: Services
) -> None:
    load_catalogue(session)
    seller = make_seller(session)
    seller.created_at = now() - timedelta(days=900)
    listing = make_live(session, services, seller)
    reopen_draft(session, listing, listing.seller_id)
    version = version_of(session, listing)
    assert changes_since(session, listing, version) == []
    version.words = {**(version.words or {}), "title": "Paper-cut owls", "price_cents": 399}
    version.steps += 1
    version.guide_sealed = services.vault.seal("Begin with an owl.")
    version.samples[0].seed = 999
    session.flush()
    changes = {
        change.label: [(piece.mark, piece.text) for piece in change.pieces if piece.mark]
        for change in changes_since(session, listing, version)
    }
    assert set(changes) == {"Title", "Price", "Steps", "Samples"}
    assert changes["Title"] == [("removed", "animals"), ("added", "owls")]
    assert changes["Price"] == [("removed", "$2.99"), ("added", "$3.99")]
    assert changes["Samples"][0] == ("added", "1 new or changed")
    listings.submit(session, services.vault, services.queue, listing, listing.seller_id)
    listings.finish_verification(session, listing)
    open_case(session, listing, version, None, [])
    session.commit()
    desk = log_in(app.test_client(), make_user(session, Role.MODERATOR))
    session.commit()
    case = session.query(Case).filter_by(version_id=version.id).one()
    assert case.state is CaseState.OPEN
    page = desk.get(f"/moderate/{case.id}").text
    assert "<h1>Paper-cut owls</h1>" in page
    assert "<ins>owls</ins>" in page
    assert "an edit of a listing on sale" in page
    assert "Begin with an owl." not in page
    desk.post(f"/moderate/{case.id}/claim")
    assert "Begin with an owl." in desk.get(f"/moderate/{case.id}").text
