"""The public page of guidelines."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from marketplace.core.web.guards import public
from marketplace.policy import guidelines
from marketplace.policy.codes import reason_codes

blueprint = Blueprint("policy", __name__)


@blueprint.get("/guidelines")
@public
def page() -> Any:
    """The reason codes in words for sellers."""
    return render_template(
        "policy/guidelines.html",
        title=guidelines.TITLE,
        introduction=guidelines.INTRODUCTION,
        codes=reason_codes(),
        consequences=guidelines.consequences,
    )
