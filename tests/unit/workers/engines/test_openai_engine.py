"""OpenAI's images API against a server that speaks it: pictures, refusals, and every failure."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from tests.fixtures.openai_api import Answer, OpenAIServer, failure, pictures, png
from workers.engines.draws import DrawRequest
from workers.engines.errors import (
    MODEL_FAILED,
    NOT_CONFIGURED,
    PROVIDER_BUSY,
    PROVIDER_REFUSED,
    REQUEST_REFUSED,
    TIME_LIMIT,
    EngineError,
    EngineRefused,
    EngineUnavailable,
)
from workers.engines.openai_engine import OpenAIAccount, OpenAIImages
from workers.engines.openai_failures import retry_after

SECRET = "zanzibar"
KEY = "sk-test-of-brackets-own"
Engines = Callable[..., OpenAIImages]


@dataclass
class Notebook:
    """A purse that writes down what happens to it."""

    booked: list[tuple[int, int]] = field(default_factory=list)
    closed: list[tuple[str, bool]] = field(default_factory=list)
    full: bool = False

    def book(self, images: int, microdollars: int) -> str:
        if self.full:
            raise EngineRefused("full")
        self.booked.append((images, microdollars))
        return f"booking {len(self.booked)}"

    def close(self, booking_id: str, charged: bool) -> None:
        self.closed.append((booking_id, charged))


@pytest.fixture
def engine(openai_api: OpenAIServer) -> Iterator[Engines]:
    made = []

    def build(timeout: float = 5.0) -> OpenAIImages:
        account = OpenAIAccount(KEY, openai_api.base_url, timeout)
        made.append(OpenAIImages(account, "gpt-image-2-2026-04-21", 60_000))
        return made[-1]

    yield build
    for each in made:
        each.close()


def request(**changes: Any) -> DrawRequest:
    fields: dict[str, Any] = {
        "prompt": f"a fox in {SECRET}",
        "count": 2,
        "width": 1024,
        "height": 1024,
        "options": {"quality": "medium"},
    }
    return DrawRequest(**(fields | changes))


def test_pictures_come_with_their_provenance(openai_api: OpenAIServer, engine: Engines) -> None:
    openai_api.answers.append(pictures(png("teal"), png("navy")))
    purse = Notebook()
    result = engine().draw(request(), purse)
    assert [image.size for image in result.images] == [(64, 48), (64, 48)]
    assert result.images[0].getpixel((0, 0)) == (0, 128, 128)
    assert result.images[0].mode == "RGB"
    made = result.provenance
    assert (made.request_id, made.usage) == ("req_42", {"input": 12, "output": 1056})
    assert (made.booked_microdollars, made.prompt_rewritten) == (120_000, None)
    assert purse.booked == [(2, 120_000)]
    assert purse.closed == [("booking 1", True)]
    path, headers, _ = openai_api.calls[0]
    assert path == "/v1/images/generations"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert openai_api.sent() == {
        "model": "gpt-image-2-2026-04-21",
        "prompt": f"a fox in {SECRET}",
        "n": 2,
        "size": "1024x1024",
        "output_format": "png",
        "quality": "medium",
    }


def test_the_provenance_is_public_and_holds_no_prompt(
    openai_api: OpenAIServer, engine: Engines
) -> None:
    openai_api.answers.append(pictures(png(), revised_prompt=f"A majestic fox in {SECRET}"))
    result = engine().draw(request(count=1), Notebook())
    assert result.provenance.prompt_rewritten is True
    assert SECRET not in str(result.provenance.as_dict())
    assert SECRET not in repr(request())


def test_an_unchanged_prompt_is_not_called_rewritten(
    openai_api: OpenAIServer, engine: Engines
) -> None:
    openai_api.answers.append(pictures(png(), revised_prompt=request().prompt))
    assert engine().draw(request(count=1), Notebook()).provenance.prompt_rewritten is False


@pytest.mark.parametrize(
    ("answer", "kind", "code", "charged"),
    [
        (failure(400, "moderation_blocked"), EngineRefused, PROVIDER_REFUSED, True),
        (failure(400, "content_policy_violation"), EngineRefused, PROVIDER_REFUSED, True),
        (failure(400, "invalid_value"), EngineRefused, REQUEST_REFUSED, False),
        (failure(401, "invalid_api_key"), EngineUnavailable, NOT_CONFIGURED, False),
        (failure(403, None), EngineUnavailable, NOT_CONFIGURED, False),
        (failure(404, "model_not_found"), EngineUnavailable, NOT_CONFIGURED, False),
        (failure(429, "rate_limit_exceeded"), EngineUnavailable, PROVIDER_BUSY, False),
        (failure(429, "insufficient_quota"), EngineUnavailable, NOT_CONFIGURED, False),
        (failure(500, None), EngineUnavailable, PROVIDER_BUSY, True),
        (failure(503, None), EngineUnavailable, PROVIDER_BUSY, True),
        (Answer(body={"created": 1, "data": []}), EngineUnavailable, MODEL_FAILED, True),
        (pictures(b"no picture at all"), EngineUnavailable, MODEL_FAILED, True),
        (Answer(raw=b"<html>proxy</html>"), EngineUnavailable, MODEL_FAILED, True),
        (Answer(status=302, headers={"Location": "/v1/x"}), EngineError, REQUEST_REFUSED, False),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value)[:40],
)
def test_each_failure_has_its_code_is_called_once_and_says_nothing_of_the_prompt(
    openai_api: OpenAIServer,
    engine: Engines,
    answer: Answer,
    kind: type[EngineError],
    code: str,
    charged: bool,
) -> None:
    if "error" in answer.body:
        answer.body["error"]["message"] = f"your prompt 'a fox in {SECRET}' was refused"
    openai_api.answers.append(answer)
    purse = Notebook()
    with pytest.raises(kind) as caught:
        engine().draw(request(), purse)
    assert caught.value.code == code
    assert SECRET not in str(caught.value)
    # The library's own error, which quotes the prompt, is not in the chain that a log prints.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert len(openai_api.calls) == 1
    assert purse.closed == [("booking 1", charged)]


def test_a_rate_limit_says_how_long_to_wait(openai_api: OpenAIServer, engine: Engines) -> None:
    openai_api.answers.append(failure(429, "rate_limit_exceeded", headers={"retry-after": "17"}))
    with pytest.raises(EngineUnavailable) as caught:
        engine().draw(request(), Notebook())
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 30),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "99999"}, 3600),
        ({"retry-after": "soon"}, 30),
        ({"retry-after": "nan"}, 30),
        ({"retry-after": "-4"}, 1),
    ],
)
def test_waiting_times_are_read_with_care(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


def test_a_waiting_time_may_be_a_date() -> None:
    assert 50 < retry_after({"retry-after": formatdate(time() + 60, usegmt=True)}) <= 61


def test_an_answer_that_takes_too_long_ends_and_counts_as_paid(
    openai_api: OpenAIServer, engine: Engines
) -> None:
    openai_api.answers.append(Answer(delay=0.5, body={}))
    purse = Notebook()
    with pytest.raises(EngineUnavailable) as caught:
        engine(timeout=0.1).draw(request(), purse)
    assert caught.value.code == TIME_LIMIT
    assert purse.closed == [("booking 1", True)]


def test_nobody_at_the_address() -> None:
    lonely = OpenAIImages(OpenAIAccount(KEY, "http://127.0.0.1:9/v1"), "gpt-image-2", 1)
    with pytest.raises(EngineUnavailable) as caught:
        lonely.draw(request(), Notebook())
    lonely.close()
    assert caught.value.code == PROVIDER_BUSY


def test_without_a_key_it_is_off() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        OpenAIImages(OpenAIAccount(None), "gpt-image-2", 1)
    assert caught.value.code == NOT_CONFIGURED
    assert KEY not in repr(OpenAIAccount(KEY))


def test_without_money_nothing_is_asked(openai_api: OpenAIServer, engine: Engines) -> None:
    with pytest.raises(EngineRefused, match="full"):
        engine().draw(request(), Notebook(full=True))
    assert openai_api.calls == []


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": " "},
        {"prompt": "x" * 32_001},
        {"count": 0},
        {"count": 11},
        {"width": 1000},
        {"width": 4096, "height": 4096},
        {"options": {"n": 10}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_the_api_would_refuse_is_not_paid_for(
    openai_api: OpenAIServer, engine: Engines, changes: dict[str, Any]
) -> None:
    purse = Notebook()
    with pytest.raises(EngineRefused):
        engine().draw(request(**changes), purse)
    assert (openai_api.calls, purse.booked) == ([], [])


def test_the_provenance_check_reads_both_signals(openai_api: OpenAIServer, engine: Engines) -> None:
    found = {
        "type": "c2pa",
        "outcome": "detected",
        "validation_state": "trusted",
        "model": "gpt-image-2",
        "issuer": "OpenAI",
        "generated_at": "2026-10-02T10:00:00Z",
    }
    nothing = {"type": "synthid", "outcome": "not_detected"}
    body = {"object": "content_provenance_check", "created_at": 1, "results": [found, nothing]}
    openai_api.answers.append(Answer(body=body))
    picture = png()
    c2pa, synthid = engine().provenance_of(picture)
    assert (c2pa.kind, c2pa.detected, c2pa.trusted, c2pa.model) == (
        "c2pa",
        True,
        True,
        "gpt-image-2",
    )
    assert c2pa.generated_at == "2026-10-02T10:00:00Z"
    assert (synthid.kind, synthid.detected, synthid.trusted) == ("synthid", False, None)
    path, _, sent = openai_api.calls[0]
    assert path == "/v1/content_provenance_checks"
    assert picture in sent


def test_a_provenance_check_may_fail_like_any_call(
    openai_api: OpenAIServer, engine: Engines
) -> None:
    openai_api.answers.append(failure(429, None, headers={"retry-after": "3"}))
    with pytest.raises(EngineUnavailable) as caught:
        engine().provenance_of(png())
    assert (caught.value.code, caught.value.retry_after) == (PROVIDER_BUSY, 3)


def test_no_log_holds_a_prompt_even_where_everything_is_logged(
    openai_api: OpenAIServer, engine: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    openai_api.answers += [pictures(png()), failure(400, "moderation_blocked", SECRET)]
    made = engine()
    made.draw(request(count=1), Notebook())
    with pytest.raises(EngineRefused):
        made.draw(request(), Notebook())
    assert SECRET not in caplog.text
    assert KEY not in caplog.text
    assert logging.getLogger("openai").level == logging.WARNING
