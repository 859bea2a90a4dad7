"""The verbs of a run, gathered: request, claim, record, complete, release, stop.

The row is the truth about the job; messages are only wake-up calls.
"""

from marketplace.verification.asking import (
    cancel_run,
    content_digest,
    plan_of,
    request_run,
    stop_verification,
    wake,
)
from marketplace.verification.failures import MAX_ATTEMPTS, MAX_WAITS
from marketplace.verification.leases import (
    beat,
    claim_next,
    held_run,
    release_run,
    release_stale,
)
from marketplace.verification.recording import (
    CheckDraft,
    begin_run,
    complete_run,
    record_evidence,
    record_look,
)

__all__ = [
    "MAX_ATTEMPTS",
    "MAX_WAITS",
    "CheckDraft",
    "beat",
    "begin_run",
    "cancel_run",
    "claim_next",
    "complete_run",
    "content_digest",
    "held_run",
    "plan_of",
    "record_evidence",
    "record_look",
    "release_run",
    "release_stale",
    "request_run",
    "stop_verification",
    "wake",
]
