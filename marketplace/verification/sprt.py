"""Wald's sequential probability ratio test, exact binomial bounds and the secret order. Pure.

Sources: A. Wald, Sequential Analysis (1947); C. Clopper and E. Pearson, Biometrika 26 (1934).
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

FALSE_ACCEPT = 1e-3
"""Wanted probability that a listing of forgeries is called reproduced (Wald's alpha)."""
FALSE_REJECT = 1e-2
"""Wanted probability that an honest listing is called a mismatch (Wald's beta)."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Bounds:
    """Natural logarithms of the likelihood ratio at which the test ends."""

    accept: float
    reject: float


def wald_bounds(false_accept: float = FALSE_ACCEPT, false_reject: float = FALSE_REJECT) -> Bounds:
    """Wald's limits ln((1-beta)/alpha) and ln(beta/(1-alpha)).

    Raises ValueError for error rates outside (0, 0.5).
    """
    if not (0 < false_accept < 0.5 and 0 < false_reject < 0.5):
        raise ValueError("error rates must lie between 0 and 0.5")
    return Bounds(
        accept=math.log((1 - false_reject) / false_accept),
        reject=math.log(false_reject / (1 - false_accept)),
    )


def bernoulli_llr(if_authentic: float, if_forged: float) -> float:
    """ln of the ratio of two probabilities of one event; both must lie in (0, 1]."""
    if not (0 < if_authentic <= 1 and 0 < if_forged <= 1):
        raise ValueError("probabilities must lie in (0, 1]")
    return math.log(if_authentic / if_forged)


def normal_shift_llr(score: float, shift: float) -> float:
    """ln likelihood ratio of one standard-normal score: mean `shift` (forged) against 0.

    Positive favours the null (authentic), as everywhere in this package.
    """
    return -(shift * score - shift * shift / 2)


def upper_bound(events: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided Clopper-Pearson upper bound of a probability: 0 of 3,000 gives 1.0e-3 at 95 %."""
    _check(events, trials, confidence)
    if events == trials:
        return 1.0
    return _bisect(lambda p: _at_most(events, trials, p) > 1 - confidence)


def lower_bound(events: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """One-sided Clopper-Pearson lower bound of a probability."""
    return 1 - upper_bound(trials - events, trials, confidence)


def sample_order(run_secret: bytes, sample_ids: Iterable[str]) -> list[str]:
    """The order in which samples are measured: a permutation keyed by the run's secret.

    The same for the same secret, whatever order the ids come in; without the secret nobody can
    tell which samples will be measured. Raises ValueError for an empty secret.
    """
    if not run_secret:
        raise ValueError("the order needs a secret")

    def key(sample_id: str) -> bytes:
        return hmac.digest(run_secret, sample_id.encode(), hashlib.sha256)

    return sorted(set(sample_ids), key=key)


def _check(events: int, trials: int, confidence: float) -> None:
    if trials < 1 or not 0 <= events <= trials:
        raise ValueError(f"{events} events of {trials} trials is no proportion")
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1")


def _at_most(events: int, trials: int, p: float) -> float:
    """P(X <= events) for X ~ Binomial(trials, p), summed in logarithms; 0 < p < 1."""
    log_p, log_q = math.log(p), math.log1p(-p)
    log_term = trials * log_q
    terms = [log_term]
    for k in range(1, events + 1):
        log_term += math.log((trials - k + 1) / k) + log_p - log_q
        terms.append(log_term)
    peak = max(terms)
    return math.exp(peak) * math.fsum(math.exp(term - peak) for term in terms)


def _bisect(too_low: Callable[[float], bool]) -> float:
    low, high = 1e-15, 1 - 1e-15
    for _ in range(60):
        middle = (low + high) / 2
        if too_low(middle):
            low = middle
        else:
            high = middle
    return high
