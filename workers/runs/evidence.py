"""What can be found out without running a model: fingerprints, and whether a picture was taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.images import read_upload
from marketplace.listings.models import Sample
from marketplace.verification import operations
from marketplace.verification.models import VerificationRun
from workers.fingerprints.colour import colour_signature
from workers.fingerprints.hashes import Fingerprint, fingerprint
from workers.runs.jobs import RunJob
from workers.search.corpus_hits import find_in_corpora
from workers.search.samples import find_copies, remember


@dataclass(frozen=True)
class Original:
    """A sample as its seller uploaded it."""

    image: Image.Image = field(repr=False)
    prints: Fingerprint
    colours: bytes = field(repr=False)
    """Colour signature (workers.fingerprints.colour)."""


def read_originals(parts: Services, job: RunJob) -> dict[str, Original]:
    """Every sample of the job, by id.

    Raises BlobMissingError or UploadError where a stored picture is gone or damaged.
    """
    found = {}
    for sample in job.samples:
        image = read_upload(parts.blobs.get(sample.original_key), "sample").image
        found[sample.sample_id] = Original(image, fingerprint(image), colour_signature(image))
    return found


def gather_evidence(
    parts: Services, job: RunJob, originals: Mapping[str, Original], alive: Callable[[], None]
) -> None:
    """Store the fingerprints of all samples and search for each, before any is re-run.

    A worker that takes over does this again: it is quick, and what is found twice is stored once.
    `alive` is called between two samples. Raises LeaseLostError.
    """
    with unit_of_work(parts.database) as session:
        prints = {sample_id: columns_of(one.prints) for sample_id, one in originals.items()}
        operations.record_evidence(session, job.lease.run_id, job.lease.token, prints)
    for sample_id, one in originals.items():
        alive()
        # A transaction for each: workers that wait for one another's prints must not hold others.
        with unit_of_work(parts.database) as session:
            remember(session, session.get_one(Sample, sample_id), one.image)
    for sample_id, one in originals.items():
        alive()
        # Without a lock on the run: a search may take its time, and heartbeats must go on.
        with unit_of_work(parts.database) as session:
            run = session.get_one(VerificationRun, job.lease.run_id)
            sample = session.get_one(Sample, sample_id)
            find_copies(session, parts, run, sample, one.image)
            find_in_corpora(session, parts, run, sample, one.image)


def columns_of(prints: Fingerprint) -> dict[str, Any]:
    """The columns of FingerprintColumns."""
    return {
        "pdq": prints.pdq,
        "pdq_quality": prints.pdq_quality,
        "phash64": prints.phash64,
        "dct256": prints.dct256,
        "fingerprint_version": prints.version,
    }
