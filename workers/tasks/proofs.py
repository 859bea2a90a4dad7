"""Signs reports whose runs have ended. Rows are the truth: whatever is unsigned is found again."""

from __future__ import annotations

import logging

from marketplace.core.unit_of_work import unit_of_work
from marketplace.discovery.proof_signing import sign_due
from marketplace.task_names import TaskName
from marketplace.verification.proofs import RetiredKeyError, signer_of
from workers.app import app, services

log = logging.getLogger(__name__)


@app.task(name=TaskName.SWEEP_PROOFS.value)
def sweep_proofs() -> None:
    """Sign what is due; a key that was replaced is for the operator to exchange."""
    parts = services()
    try:
        with unit_of_work(parts.database) as session:
            sign_due(session, signer_of(parts.settings))
    except RetiredKeyError as error:
        log.error("reports stay unsigned: %s", error)
