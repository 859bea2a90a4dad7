"""The hosted moderation's client against a loopback server."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.gateways.text_moderation import (
    MODEL,
    ModerationUnavailableError,
    OpenAIModeration,
)
from tests.factories.moderated import moderated
from tests.fixtures.openai_api import Answer, OpenAIServer, failure


def gateway(api: OpenAIServer) -> OpenAIModeration:
    return OpenAIModeration("sk-only-tests", api.base_url)


def test_categories_that_apply_come_with_their_scores(openai_api: OpenAIServer) -> None:
    openai_api.answers = [moderated({"hate": 0.9, "sexual/minors": 0.5}, {})]
    first, second = gateway(openai_api).review(["one", "two"])
    assert first.categories == (("hate", 0.9), ("sexual/minors", 0.5))
    assert second.categories == ()
    path, headers, _ = openai_api.calls[0]
    assert path == "/v1/moderations"
    assert headers["authorization"] == "Bearer sk-only-tests"
    assert openai_api.sent() == {"model": MODEL, "input": ["one", "two"]}


def test_many_texts_are_sent_in_parts(openai_api: OpenAIServer) -> None:
    openai_api.answers = [moderated(*[{}] * 32), moderated({}, {"violence": 0.7})]
    opinions = gateway(openai_api).review([f"text {number}" for number in range(34)])
    assert [bool(one.categories) for one in opinions] == [False] * 33 + [True]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (failure(500, None), "STATUS_500"),
        (failure(429, "rate_limit"), "STATUS_429"),
        (failure(401, "invalid_api_key"), "STATUS_401"),
        (Answer(raw=b"<html>"), "UNREADABLE"),
        (moderated({}, {}), "UNREADABLE"),  # two opinions on one text
    ],
)
def test_failures_have_a_code_and_no_text(
    openai_api: OpenAIServer, answer: Answer, code: str
) -> None:
    openai_api.answers = [answer]
    with pytest.raises(ModerationUnavailableError) as failed:
        gateway(openai_api).review(["a velvet secret"])
    assert failed.value.code == code
    assert "velvet" not in str(failed.value)


def test_nobody_there(openai_api: OpenAIServer) -> None:
    nowhere: Any = OpenAIModeration("sk-only-tests", "http://127.0.0.1:9/v1")
    with pytest.raises(ModerationUnavailableError, match="UNREACHABLE"):
        nowhere.review(["one"])
    assert "sk-only-tests" not in repr(nowhere)
