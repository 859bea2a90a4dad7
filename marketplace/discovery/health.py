"""Health checks: is the process alive, and do the systems behind it answer?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.guards import public
from marketplace.core.web.request_scope import services
from marketplace.verification.changes.health import counts

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Any:
    """The process lives; nothing else is asked."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> Any:
    """200 when database, broker and blobs answer; otherwise 503, naming what does not."""
    parts = part_states(services())
    down = [name for name, state in parts.items() if state != "ok"]
    response = jsonify(
        status="unavailable" if down else "ok",
        down=down,
        parts=parts,
        workers=_workers(services()) if parts["database"] == "ok" else {},
    )
    response.status_code = 503 if down else 200
    return response


def part_states(container: Services) -> dict[str, str]:
    """Each outside system by name, as "ok" or "down"."""
    checks = {
        "database": container.database.answers,
        "broker": container.queue.answers,
        "blobs": container.blobs.answers,
    }
    return {name: "ok" if _answers(name, check) else "down" for name, check in checks.items()}


def _workers(container: Services) -> dict[str, int]:
    """How many workers of models serve, and how many took themselves out of service.

    The site does not fail without them: runs wait.
    """
    try:
        with unit_of_work(container.database) as session:
            return counts(session)
    except Exception as error:
        log.warning("the workers cannot be counted: %s", type(error).__name__)
        return {}


def _answers(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception as error:  # whatever the reason, the part is down
        log.warning("%s does not answer: %s", name, type(error).__name__)
        return False
