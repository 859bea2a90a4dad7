"""What the OpenAI API answers when it makes no picture, in the words of engines.errors.

No message is passed on: the API quotes prompts in its own.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass

import openai

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

# Codes of a 400 that mean "not this prompt", the first as of 2026, the second older.
REFUSALS = frozenset({"moderation_blocked", "content_policy_violation"})
# Codes of a 429 that waiting does not cure: the account must be paid.
UNPAID = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
DEFAULT_WAIT, LONGEST_WAIT = 30.0, 3600.0


@dataclass(frozen=True)
class Failure:
    """An engine error, and whether the call may have cost something all the same."""

    error: EngineError
    charged: bool


def failure_of(error: openai.OpenAIError) -> Failure:
    """Translate what the library raised. Nothing but the seller's own request is a refusal."""
    name = type(error).__name__
    if isinstance(error, openai.APITimeoutError):
        return _unavailable(f"openai did not answer in time ({name})", TIME_LIMIT, charged=True)
    if isinstance(error, openai.APIConnectionError):
        # Whether the request had arrived before the line broke, nobody can tell.
        return _unavailable(f"openai cannot be reached ({name})", PROVIDER_BUSY, charged=True)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    return _unavailable(f"openai's answer could not be read ({name})", MODEL_FAILED, charged=True)


def _of_status(error: openai.APIStatusError) -> Failure:
    status, code = error.status_code, error.code or ""
    if status == 429 and code not in UNPAID:
        return _unavailable(
            "openai is busy (429)",
            PROVIDER_BUSY,
            charged=False,
            wait=retry_after(error.response.headers),
        )
    if status in {401, 402, 403, 404, 429}:
        # The key, the account or the model's name: the operator's matter.
        return _unavailable(f"openai does not serve us ({status})", NOT_CONFIGURED, charged=False)
    if status >= 500 or status in {408, 409}:
        return _unavailable(
            f"openai failed ({status})",
            PROVIDER_BUSY,
            charged=True,
            wait=retry_after(error.response.headers),
        )
    if code in REFUSALS:
        refused = EngineRefused("openai will not make this picture", code=PROVIDER_REFUSED)
        return Failure(refused, charged=True)
    return Failure(EngineRefused(f"openai refused ({status})", code=REQUEST_REFUSED), charged=False)


def _unavailable(message: str, code: str, *, charged: bool, wait: float | None = None) -> Failure:
    error = EngineUnavailable(message, code=code)
    error.retry_after = wait
    return Failure(error, charged)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds to wait, as the headers say: milliseconds, seconds or a date; at most an hour."""
    wait = DEFAULT_WAIT
    milliseconds, given = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            wait = float(milliseconds) / 1000
        elif given is not None:
            wait = float(given)
    except ValueError:
        moment = email.utils.parsedate_tz(given or "")
        wait = DEFAULT_WAIT if moment is None else email.utils.mktime_tz(moment) - time.time()
    # Written so that a NaN waits the default.
    return min(max(wait, 1.0), LONGEST_WAIT) if wait == wait else DEFAULT_WAIT
