"""What verification found, in the policy's terms."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import ListingVersion
from marketplace.policy import Severity, Submission
from marketplace.screening.evidence import (
    idle_variables,
    novelty_findings,
    report_findings,
    run_findings,
)
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.states import Verdict
from tests.factories.accounts import make_seller
from tests.factories.listings import make_in_review
from tests.factories.shop import make_report


def report(*entries: tuple[str, list[bool | None]]) -> ConsistencyReport:
    return ConsistencyReport(
        summary={
            "map": [
                {"variable": name, "choices": [{"changes_picture": change} for change in changes]}
                for name, changes in entries
            ]
        }
    )


def test_variables_that_change_nothing_are_idle() -> None:
    found = idle_variables(
        report(("Sky", [False, None]), ("sea", [False, True]), ("sand", [None]), ("rim", [False]))
    )
    assert found == {"sky", "rim"}


@pytest.mark.parametrize(
    ("template", "severity"),
    [
        ("cup of [rim: gold | blue]", Severity.SOFT),
        ("[cup] with [rim: gold | blue] rim", Severity.NOTE),
    ],
)
def test_idle_variables_make_a_prompt_specific(template: str, severity: Severity) -> None:
    (noted,) = report_findings(Submission(template), report(("rim", [False, False])))
    assert (noted.finding.code, noted.finding.severity) == ("TOO_SPECIFIC", severity)
    assert report_findings(Submission(template), report(("rim", [True, False]))) == []


def test_a_run_is_put_into_the_policys_codes(session: Session, services: Services) -> None:
    listing = make_in_review(session, services, make_seller(session))
    version = session.get_one(ListingVersion, listing.version_id)
    run = make_report(session, version, (0, 45, 120), Verdict.MISMATCH)
    found = {noted.finding.code: noted.finding for noted in run_findings(session, run)}
    assert {code: finding.severity for code, finding in found.items()} == {
        "SAMPLES_MISMATCH": Severity.HARD,
        "NOT_REPRODUCIBLE": Severity.SOFT,
    }
    assert found["SAMPLES_MISMATCH"].rule == "verification.samples_mismatch"
    assert found["SAMPLES_MISMATCH"].fix


def test_pictures_that_look_like_anothers(session: Session, services: Services) -> None:
    def hashed(bits: list[int]) -> ListingVersion:
        listing = make_in_review(session, services, make_seller(session))
        version = session.get_one(ListingVersion, listing.version_id)
        for sample, seed in zip(version.samples, bits, strict=True):
            sample.pdq, sample.pdq_quality = (seed * 0x1F).to_bytes(32), 90
        session.flush()
        return version

    patterns = [int("5a" * 32, 16) // 0x1F, int("c3" * 32, 16) // 0x1F, int("0f" * 32, 16) // 0x1F]
    first = hashed(patterns)
    near = hashed([pattern ^ 3 for pattern in patterns])
    (noted,) = novelty_findings(session, near)
    assert (noted.finding.code, noted.finding.severity) == ("DUPLICATE", Severity.SOFT)
    assert noted.others == ((first.listing_id, 1.0),)
    far = hashed([pattern ^ ((1 << 250) - 1) for pattern in patterns])
    assert novelty_findings(session, far) == []
