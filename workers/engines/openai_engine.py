"""OpenAI's image models through their official API: several pictures, no seed, money booked.

The library's own retries are off: every call is paid for, so every call is booked first.
"""

from __future__ import annotations

import base64
import binascii
import io
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import openai
from openai.types import ContentProvenanceCheck, ImagesResponse
from openai.types.content_provenance_check import ResultC2PA
from PIL import Image

from workers.engines.draws import (
    DrawProvenance,
    DrawRequest,
    DrawResult,
    ProvenanceSignal,
    Purse,
)
from workers.engines.errors import (
    MODEL_FAILED,
    NOT_CONFIGURED,
    EngineRefused,
    EngineUnavailable,
)
from workers.engines.openai_failures import failure_of

OFFICIAL_API = "https://api.openai.com/v1"
PROVIDER = "openai"
MAX_COUNT = 10
MAX_PROMPT = 32_000
"""Limits of images.generate, as the openai package states them."""
TIMEOUT_SECONDS = 180.0
"""Slow models take two minutes for a picture."""
MAX_PIXELS = 3840 * 2160
OPTIONS = frozenset({"quality", "background", "moderation"})
"""Options that a target model's entry may set."""


@dataclass(frozen=True)
class OpenAIAccount:
    """The key and where it works. The key is never shown."""

    api_key: str | None
    base_url: str | None = None
    timeout: float = TIMEOUT_SECONDS

    def __repr__(self) -> str:
        return f"OpenAIAccount(base_url={self.base_url!r})"


class OpenAIImages:
    """One of OpenAI's image models as a SetGenerator.

    Args:
        model: its name in the API, such as "gpt-image-2-2026-04-21".
        cost_microdollars: the most that one picture costs; booked before each call.

    Raises:
        EngineUnavailable: NOT_CONFIGURED, where there is no key.
    """

    max_count = MAX_COUNT

    def __init__(self, account: OpenAIAccount, model: str, cost_microdollars: int) -> None:
        if not account.api_key:
            raise EngineUnavailable("no key for openai is set", code=NOT_CONFIGURED)
        _keep_quiet()
        self._model = model
        self._cost = cost_microdollars
        self._client = openai.OpenAI(
            api_key=account.api_key,
            # Never from the environment, and never to where an answer points.
            base_url=account.base_url or OFFICIAL_API,
            timeout=account.timeout,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(follow_redirects=False),
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def draw(self, request: DrawRequest, purse: Purse) -> DrawResult:
        """See SetGenerator. Fewer pictures than asked for may come; none is an error."""
        _check(request)
        booked = request.count * self._cost
        booking = purse.book(request.count, booked)
        # Closed as spent unless the provider surely charged nothing; a killed worker closes
        # nothing, and then the booking goes on counting.
        charged = True
        started = time.perf_counter()
        try:
            answer = self._client.images.generate(
                model=self._model,
                prompt=request.prompt,
                n=request.count,
                size=f"{request.width}x{request.height}",
                output_format="png",
                **_known_options(request.options),
            )
            seconds = time.perf_counter() - started
            images = _pictures(answer)
        except openai.OpenAIError as error:
            failure = failure_of(error)
            charged = failure.charged
            # Without its cause: the library's message may quote the prompt.
            raise failure.error from None
        except ValueError:  # the library's, for an answer that says it is JSON and is not
            raise EngineUnavailable(
                "openai's answer could not be read", code=MODEL_FAILED
            ) from None
        finally:
            purse.close(booking, charged)
        return DrawResult(images, self._provenance(request, answer, booked, seconds))

    def provenance_of(self, picture: bytes) -> list[ProvenanceSignal]:
        """See SetGenerator. Only the picture travels, without its name."""
        try:
            check = self._client.content_provenance_checks.create(file=("sample", picture))
            return _signals(check)
        except openai.OpenAIError as error:
            raise failure_of(error).error from None
        except ValueError:
            raise EngineUnavailable(
                "openai's answer could not be read", code=MODEL_FAILED
            ) from None

    def _provenance(
        self, request: DrawRequest, answer: ImagesResponse, booked: int, seconds: float
    ) -> DrawProvenance:
        revised = [item.revised_prompt for item in answer.data or () if item.revised_prompt]
        usage = answer.usage
        return DrawProvenance(
            engine=PROVIDER,
            model=self._model,
            libraries={"openai": version("openai")},
            created=answer.created,
            request_id=answer._request_id or "",
            size=answer.size or f"{request.width}x{request.height}",
            options=dict(request.options),
            usage={}
            if usage is None
            else {"input": usage.input_tokens, "output": usage.output_tokens},
            prompt_rewritten=any(text != request.prompt for text in revised) if revised else None,
            booked_microdollars=booked,
            seconds=seconds,
        )


def _keep_quiet() -> None:
    """OPENAI_LOG and a chatty root logger must not write requests down."""
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _check(request: DrawRequest) -> None:
    """Refuse before money is booked what the API would refuse anyway."""
    problems = []
    if not request.prompt.strip():
        problems.append("the prompt is empty")
    if len(request.prompt) > MAX_PROMPT:
        problems.append(f"the prompt has more than {MAX_PROMPT} characters")
    if not 1 <= request.count <= MAX_COUNT:
        problems.append(f"the number of pictures must be between 1 and {MAX_COUNT}")
    if request.width % 16 or request.height % 16 or request.width * request.height > MAX_PIXELS:
        problems.append("sides must be multiples of 16 within 8.3 megapixels")
    unknown = set(request.options) - OPTIONS
    if unknown:
        problems.append(f"unknown options {sorted(unknown)}")
    if problems:
        raise EngineRefused(f"openai cannot make this: {'; '.join(problems)}")


def _known_options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in sorted(OPTIONS & set(options))}


def _pictures(answer: object) -> tuple[Image.Image, ...]:
    """The pictures of an answer; the library passes on what is no JSON as text."""
    data = answer.data if isinstance(answer, ImagesResponse) else None
    if not data:
        raise EngineUnavailable("openai answered without a picture", code=MODEL_FAILED)
    return tuple(_picture(item.b64_json) for item in data)


def _picture(encoded: str | None) -> Image.Image:
    """Decode one picture; whatever is not one is the provider's failure."""
    try:
        data = base64.b64decode(encoded or "", validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError("larger than the API makes")
            return opened.convert("RGB")
    except (binascii.Error, ValueError, OSError, SyntaxError):
        raise EngineUnavailable(
            "openai sent something that is no picture", code=MODEL_FAILED
        ) from None


def _signals(check: ContentProvenanceCheck) -> list[ProvenanceSignal]:
    return [
        ProvenanceSignal(
            kind=result.type,
            detected=result.outcome == "detected",
            trusted=(
                result.validation_state == "trusted" if isinstance(result, ResultC2PA) else None
            ),
            model=result.model,
            generated_at=result.generated_at,
        )
        for result in getattr(check, "results", None) or ()
    ]
