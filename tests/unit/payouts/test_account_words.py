"""What the provider asks for, in plain words."""

from __future__ import annotations

import pytest

from marketplace.gateways.payments import Requirement, TransfersStatus
from marketplace.payouts.account_words import account_words, needs_in_words, requirement_row


def row(
    name: str, deadline: str = "currently_due", problem: str | None = None
) -> dict[str, object]:
    return requirement_row(Requirement(name, True, deadline, problem))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("identity.individual.given_name", "Your first name"),
        ("identity.individual.surname", "Your last name"),
        ("individual.dob.day", "Your date of birth"),
        ("identity.individual.date_of_birth", "Your date of birth"),
        ("identity.individual.address", "Your home address"),
        ("identity.individual.id_numbers.us_ssn_last_4", "last four digits"),
        ("identity.individual.documents.primary_verification", "passport"),
        ("identity.individual.documents.secondary_verification", "proof of your address"),
        ("identity.attestations.terms_of_service.account", "Stripe's terms"),
        ("defaults.payout_methods", "bank account"),
        ("something.invented.since", "Stripe's form will show"),
        ("", "Stripe's form will show"),
    ],
)
def test_every_requirement_has_words(name: str, words: str) -> None:
    [need] = needs_in_words([row(name)])
    assert words in need.words
    assert need.urgent


def test_problems_come_first_and_nothing_is_asked_for_twice() -> None:
    needs = needs_in_words(
        [
            row("identity.individual.phone", "eventually_due"),
            row("individual.first_name"),
            row("identity.individual.given_name", "past_due"),
            row(
                "identity.individual.documents.primary_verification",
                "past_due",
                "verification_document_expired",
            ),
        ]
    )
    assert [need.deadline for need in needs] == ["Overdue", "Overdue", "Needed later"]
    assert needs[0].problem == "The document has expired."
    assert needs[1].words == "Your first name"
    assert not needs[2].urgent


def test_what_the_provider_is_checking_does_not_wait_for_the_seller() -> None:
    checking = Requirement("identity.individual.address", False, "currently_due")
    assert needs_in_words([requirement_row(checking)]) == []


def test_codes_that_nobody_knows_still_say_something() -> None:
    [need] = needs_in_words([row("x", "a_word_invented_since", "code_invented_since")])
    assert need.deadline == "Needed now"
    assert need.problem == "What you gave could not be confirmed."


def test_every_status_has_a_heading_and_says_whether_the_form_helps() -> None:
    headings = {account_words(status, False, []).heading for status in TransfersStatus}
    assert len(headings) == len(TransfersStatus)
    assert account_words(TransfersStatus.RESTRICTED, False, []).can_continue
    assert not account_words(TransfersStatus.REJECTED, False, []).can_continue
    closed = account_words(TransfersStatus.REJECTED, True, [])
    assert "closed" in closed.heading
    assert not closed.can_continue
    due = needs_in_words([row("defaults.payout_methods")])
    assert account_words(TransfersStatus.ACTIVE, False, due).can_continue
    later = needs_in_words([row("defaults.payout_methods", "eventually_due")])
    assert account_words(TransfersStatus.ACTIVE, False, later).kind == "success"
