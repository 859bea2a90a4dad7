"""Another house's opinion on texts: a small contract, and OpenAI's moderation API behind it.

Off without a key. What is sent is the caller's choice; nothing here logs or keeps a text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MODEL = "omni-moderation-latest"
TIMEOUT = 20.0
"""Seconds per call; the caller tries again later."""
TEXTS_PER_CALL = 32


class ModerationUnavailableError(Exception):
    """No opinion was to be had; the code says why, never what was asked."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is said of one text: the categories that apply, each with its score from 0 to 1."""

    categories: tuple[tuple[str, float], ...]


class TextModerator(Protocol):
    """Judges texts."""

    name: str

    def review(self, texts: Sequence[str]) -> list[Opinion]:
        """One opinion for each text, in order.

        Raises:
            ModerationUnavailableError: when there is no answer, or none that can be read.
        """


class OpenAIModeration:
    """The provider's free moderation endpoint, by its official client."""

    name = "openai"

    def __init__(self, api_key: str, base_url: str | None = None) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._client: Any = None

    def __repr__(self) -> str:
        return "<OpenAIModeration>"

    def review(self, texts: Sequence[str]) -> list[Opinion]:
        """One opinion for each text; raises ModerationUnavailableError."""
        found: list[Opinion] = []
        for start in range(0, len(texts), TEXTS_PER_CALL):
            found += self._asked(list(texts[start : start + TEXTS_PER_CALL]))
        return found

    def _asked(self, texts: list[str]) -> list[Opinion]:
        import openai  # takes a second to import, and most installations have no key

        if self._client is None:
            self._client = openai.OpenAI(
                api_key=self._api_key, base_url=self._base_url, timeout=TIMEOUT, max_retries=0
            )
        try:
            answer = self._client.moderations.create(model=MODEL, input=texts)
        except openai.APITimeoutError:
            raise ModerationUnavailableError("TIMEOUT") from None
        except openai.APIConnectionError:
            raise ModerationUnavailableError("UNREACHABLE") from None
        except openai.APIStatusError as error:
            raise ModerationUnavailableError(f"STATUS_{error.status_code}") from None
        except (openai.OpenAIError, ValueError):
            raise ModerationUnavailableError("UNREADABLE") from None
        results = getattr(answer, "results", None) or []
        if len(results) != len(texts):
            raise ModerationUnavailableError("UNREADABLE")
        return [_opinion(result) for result in results]


def _opinion(result: Any) -> Opinion:
    applies = result.categories.model_dump(by_alias=True)
    scores = result.category_scores.model_dump(by_alias=True)
    return Opinion(
        tuple(sorted((name, float(scores.get(name) or 0)) for name, yes in applies.items() if yes))
    )
