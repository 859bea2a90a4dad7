"""A second opinion on tone by a small model that comes with its library: a linear classifier.

It knows no spelling tricks and no birds, so it is asked about what the word list has left, and
what it says is only ever soft.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

from marketplace.policy.findings import Finding, Severity

SURE = 0.97
"""From this probability on a text is mentioned; chosen on the tuned half of bench/policy."""
MIN_WORDS = 2


class Tone(Protocol):
    """Says how likely texts are offensive."""

    def offensive(self, texts: Sequence[str]) -> list[float]:
        """One probability for each text."""


class ProfanityCheck:
    """alt-profanity-check: a linear SVM over words, trained on 200,000 labelled comments."""

    def offensive(self, texts: Sequence[str]) -> list[float]:
        """One probability for each text."""
        if not texts:
            return []
        return [float(value) for value in _predict()(list(texts))]


@cache
def _predict():  # type: ignore[no-untyped-def]
    # Costs a second and a hundred megabytes of scikit-learn: only who checks texts pays.
    from profanity_check import predict_prob

    return predict_prob


def findings_of(texts: Sequence[tuple[str, str]], tone: Tone) -> Iterator[Finding]:
    """One soft finding per field whose tone is offensive.

    Args:
        texts: (field, what is left of its text once innocent phrases are out).
    """
    asked = [(field, text) for field, text in texts if len(text.split()) >= MIN_WORDS]
    for (field, _), sure in zip(asked, tone.offensive([text for _, text in asked]), strict=True):
        if sure >= SURE:
            yield Finding(
                code="OFFENSIVE",
                severity=Severity.SOFT,
                field=field,
                span=None,
                explanation=f"A language model takes its tone for offensive ({sure:.0%} sure).",
                fix="Read it once more as a stranger would.",
                rule="tone.model",
            )
