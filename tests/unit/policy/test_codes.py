"""The closed list of reason codes is closed, and its schema is the one that is checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from marketplace.policy.codes import ReasonCodes, code_of, name_of, reason_codes
from marketplace.policy.data_files import FOLDER

CLOSED_LIST = [
    "TOO_SPECIFIC",
    "TOO_SIMPLE",
    "NOT_REPRODUCIBLE",
    "SAMPLES_MISMATCH",
    "SAMPLE_STOLEN",
    "DUPLICATE",
    "OFFENSIVE",
    "SEXUAL",
    "MINOR_SAFETY",
    "REAL_PERSON",
    "THIRD_PARTY_IP",
    "ARTIST_NAME",
    "MODEL_RULES",
    "MISLEADING_TEXT",
    "SPAM",
    "METADATA_MISSING",
    "UNSUPPORTED_MODEL",
]


def test_the_list_is_the_agreed_one() -> None:
    assert [code.key for code in reason_codes()] == CLOSED_LIST
    assert all(code.appeal for code in reason_codes())
    assert [code.key for code in reason_codes() if not code.resubmit] == ["MINOR_SAFETY"]


def test_the_schema_file_is_current() -> None:
    schema = json.loads((FOLDER / "reason_codes.schema.json").read_text())
    assert schema == ReasonCodes.model_json_schema()


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"severity": "fatal"},
        {"key": "too-specific"},
        {"points": 11},
        {"surcharge": 3},
        {"fix_hint": ""},
    ],
)
def test_a_wrong_entry_is_refused(change: dict[str, Any]) -> None:
    data = json.loads((FOLDER / "reason_codes.json").read_text())
    data["codes"][0] |= change
    with pytest.raises(ValidationError):
        ReasonCodes.model_validate(data)


def test_a_list_with_a_gap_is_refused() -> None:
    data = json.loads((FOLDER / "reason_codes.json").read_text())
    del data["codes"][5]
    with pytest.raises(ValidationError):
        ReasonCodes.model_validate(data)


def test_unknown_keys_are_errors() -> None:
    with pytest.raises(KeyError):
        code_of("UGLY")


def test_people_read_a_codes_name_and_never_its_key() -> None:
    assert name_of("SAMPLE_STOLEN") == "Somebody else’s sample"
    assert name_of("SAMPLES_MISMATCH") == "Samples do not match"
    assert name_of("REVERIFICATION") == "Reverification"  # a finding that is no reason code
