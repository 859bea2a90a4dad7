"""Switching mail off by the link in it; the signed link is the right, so no log-in and no token."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from marketplace.community.unsubscribing import describe, read_token, switch_off
from marketplace.core.web.guards import public
from marketplace.core.web.request_scope import db, services

blueprint = Blueprint("unsubscribe", __name__)


@blueprint.get("/unsubscribe/<token>")
@public
def ask(token: str) -> Any:
    """A button: mail programs open links on their own, and must switch nothing off."""
    kind, row_id = read_token(services().settings, token)
    return render_template(
        "community/unsubscribe.html", what=describe(db(), kind, row_id), done=False
    )


@blueprint.post("/unsubscribe/<token>")
@public
def one_click(token: str) -> Any:
    """The button, or the one that a mail program shows (RFC 8058)."""
    kind, row_id = read_token(services().settings, token)
    what = describe(db(), kind, row_id)
    switch_off(db(), kind, row_id)
    return render_template("community/unsubscribe.html", what=what, done=True)
