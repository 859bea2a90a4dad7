"""The checks as a whole: order, determinism, hostile texts, input from outside."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.policy import Submission, SubmissionError, check, read_submission
from marketplace.policy.codes import code_of
from tests.unit.policy.quiet import Quiet, checked

ODD = st.text(
    st.one_of(st.characters(), st.sampled_from("[]|=: \\a1@$*!.-\u200b\u0430Batmnfuckhomersip")),
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(ODD, ODD, st.lists(ODD, max_size=3))
def test_any_text_is_survived_and_places_lie_within(
    text: str, template: str, tags: list[str]
) -> None:
    submission = Submission(template, title=text, tags=tuple(tags), negative_prompt=text)
    try:
        found = check(submission, Quiet())
    except SubmissionError:
        return  # no template
    assert found == check(submission, Quiet())
    texts = {"title": text, "template": template, "negative_prompt": text}
    texts |= {f"tags.{number}": tag for number, tag in enumerate(tags)}
    for finding in found:
        code_of(finding.code)
        if finding.span is not None:
            start, end = finding.span
            assert 0 <= start < end <= len(texts[finding.field])


def test_the_heaviest_stands_first() -> None:
    found = checked("Ferrari and nude Batman, [x]")
    ranks = [finding.severity.rank for finding in found]
    assert ranks == sorted(ranks)
    assert ranks[0] < ranks[-1]


def test_findings_and_submissions_keep_prompts_out_of_their_repr() -> None:
    submission = Submission("velvet Batman [x]", negative_prompt="velvet")
    assert "velvet" not in repr(submission)
    assert "Batman" not in repr(check(submission, Quiet()))


@pytest.mark.parametrize(
    "text",
    ["a" * 4000, "a " * 2000, "(" * 4000, "!" * 4000, "1" * 4000, "@." * 2000, "--a " * 1000,
     "a.b@" * 1000, "h " * 2000, "[v: " + " | ".join(f"c{n}" for n in range(400)) + "] x" * 500],
    ids=range(10),
)  # fmt: skip
def test_hostile_texts_take_no_longer(text: str) -> None:
    started = time.process_time()
    check(Submission("[thing] of clay", title=text, description=text * 4), Quiet())
    if len(text) <= 4000:
        check(Submission(text), Quiet())
    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "one JSON object"),
        ({}, "no template"),
        ({"template": 3}, "template must be a text"),
        ({"template": "x", "tags": 3}, "tags must be a list"),
        ({"template": "x", "tags": [3]}, "tags must be a list"),
        ({"template": "x", "titel": "y"}, "'titel'"),
        ({"template": "a [b"}, "line 1, column 3"),
        ({"template": "x", "title": "y" * 20_001}, "longer than 20000"),
    ],
)
def test_bad_input_is_explained(data: object, said: str) -> None:
    with pytest.raises(SubmissionError) as refused:
        read_submission(data)
    assert said in refused.value.message


def test_tags_may_come_as_one_text() -> None:
    assert read_submission({"template": "x", "tags": "a, b,"}).tags == ("a", "b")
