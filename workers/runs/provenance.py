"""First evidence where a provider signs its pictures: what it says about each sample's file.

A signal says which model made a picture, never from which prompt; its absence says nothing, for
most programs strip it. So it stands beside the draws for the moderator and decides nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from marketplace.core.container import Services
from marketplace.gateways.blobs import BlobMissingError
from workers.engines.contract import EngineError
from workers.runs.jobs import RunJob

log = logging.getLogger(__name__)


def provenance_of_samples(parts: Services, job: RunJob, engine: object) -> list[dict[str, Any]]:
    """Per sample its id and the provider's signals; one list entry {"sample_id", "signals"}.

    `signals` is None where the check could not be made: that must not stop a run. A run that is
    taken over keeps what it had. Empty for engines that know no such check.
    """
    check = getattr(engine, "provenance_of", None)
    if check is None:
        return []
    known: list[dict[str, Any]] | None = (job.decision or {}).get("provenance")
    if known is not None:
        return known
    found: list[dict[str, Any]] = []
    for sample in job.samples:
        signals = None
        try:
            # The upload as it came: our own copies carry no metadata.
            signals = [signal.as_dict() for signal in check(parts.blobs.get(sample.original_key))]
        except (EngineError, BlobMissingError) as error:
            log.warning(
                "no provenance check for sample %s: %s", sample.sample_id, type(error).__name__
            )
        found.append({"sample_id": sample.sample_id, "signals": signals})
    return found
