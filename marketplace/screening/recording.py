"""Findings into rows and back: what they say is sealed, for it may say what the prompt says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.vault import PromptVault
from marketplace.policy import Finding, Severity
from marketplace.screening.models import PolicyCheck, PolicyFinding
from marketplace.screening.states import CheckState

MAX_FINDINGS = 200
"""Per check: the heaviest come first, and nobody reads more."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding with the other listings it is about: (listing id, similarity from 0 to 1)."""

    finding: Finding
    others: tuple[tuple[str, float], ...] = ()


def finish(
    session: Session, vault: PromptVault, check: PolicyCheck, noted: Sequence[Noted]
) -> None:
    """Write what a check found, and that it is over; nothing when it was over already."""
    if check.state is not CheckState.WAITING:
        return
    for position, one in enumerate(noted[:MAX_FINDINGS], start=1):
        session.add(_row(vault, check, position, one))
    check.state = CheckState.DONE
    check.finished_at = now()
    check.error_code = None
    session.flush()
    session.expire(check, ["findings"])  # may have been read while there were none


def _row(vault: PromptVault, check: PolicyCheck, position: int, noted: Noted) -> PolicyFinding:
    finding = noted.finding
    details = {
        "span": list(finding.span) if finding.span else None,
        "explanation": finding.explanation,
        "fix": finding.fix,
    }
    return PolicyFinding(
        check_id=check.id,
        position=position,
        code=finding.code,
        severity=finding.severity,
        field=finding.field,
        rule=finding.rule,
        details_sealed=vault.seal(json.dumps(details)),
        others=[{"listing_id": key, "similarity": round(value, 3)} for key, value in noted.others],
    )


def opened(vault: PromptVault, row: PolicyFinding) -> Finding:
    """A stored finding in full. As secret as the prompt.

    Raises:
        VaultError: when no configured key opens it.
    """
    details: dict[str, Any] = json.loads(vault.open(row.details_sealed))
    span = details["span"]
    return Finding(
        code=row.code,
        severity=Severity(row.severity),
        field=row.field,
        span=(span[0], span[1]) if span else None,
        explanation=details["explanation"],
        fix=details["fix"],
        rule=row.rule,
    )
