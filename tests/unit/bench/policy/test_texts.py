"""The written texts are well-formed, and the checks stay as good as the goals ask."""

from __future__ import annotations

from bench.policy.__main__ import NAMES, OFFENSIVE, Checked, _summary
from bench.policy.texts import HALVES, Text, read
from marketplace.policy import check
from marketplace.policy.codes import reason_codes
from tests.unit.policy.quiet import Quiet


def texts() -> list[Text]:
    return [text for half in HALVES for text in read(half)]


def test_there_are_enough_texts_and_every_label_is_a_code() -> None:
    found = texts()
    keys = {code.key for code in reason_codes()}
    assert len(found) >= 400
    assert len({text.id for text in found}) == len(found)
    assert all(text.expect | text.may <= keys for text in found)
    assert not any(text.expect & text.may for text in found)
    assert not any(text.expect for text in found if text.kind == "clean")
    assert sum(text.kind == "clean" for text in found) >= 150
    assert sum(text.trick is not None for text in found) >= 60
    assert len({text.submission.template for text in found}) > 0.99 * len(found)


def _summary_of_a_fifth(halves: tuple[str, ...]) -> dict[str, float]:
    """The whole set is the bench's; every fifth text notices when something breaks."""
    return _summary_of([text for half in halves for text in read(half)][::5])


def _summary_of(found: list[Text]) -> dict[str, float]:
    return _summary([Checked(text, tuple(check(text.submission, Quiet()))) for text in found])


def test_goals_are_held_by_a_fifth_of_the_texts() -> None:
    summary = _summary_of_a_fifth(("tuned", "held_out"))
    assert summary["clean_flagged_hard"] <= 0.01
    assert summary["offensive_recall"] >= 0.98
    assert summary["ip_recall"] >= 0.98
    assert summary["obfuscated_recall"] >= 0.98
    assert OFFENSIVE.isdisjoint(NAMES)


def test_blind_texts_fare_no_worse_than_at_their_first_reading() -> None:
    """They miss the goal (bench/policy/texts/README.md), so that is what they are held to."""
    summary = _summary_of_a_fifth(("blind_1", "blind_2"))
    assert summary["clean_flagged_hard"] <= 0.01
    assert summary["ip_recall"] >= 0.90
    assert summary["obfuscated_recall"] >= 0.90


def test_a_strangers_texts_fare_no_worse_than_at_their_first_reading() -> None:
    summary = _summary_of(read("blind_4"))
    assert summary["clean_flagged_hard"] <= 0.0134
    assert summary["offensive_recall"] >= 0.84
    assert summary["ip_recall"] >= 0.965
    assert summary["obfuscated_recall"] >= 0.9142


def test_the_third_blind_set_fares_no_worse_than_at_its_first_reading() -> None:
    """The newest is read whole: its first reading is a figure of all its texts."""
    summary = _summary_of(read("blind_3"))
    assert summary["clean_flagged_hard"] == 0
    assert summary["offensive_recall"] == 1
    assert summary["ip_recall"] >= 0.926
    assert summary["obfuscated_recall"] >= 0.9655
