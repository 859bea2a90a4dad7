"""Calibration records with chosen limits."""

from __future__ import annotations

from typing import Any

from marketplace.verification.calibration import Calibration, Rates, Screen


def calibration(**changes: Any) -> Calibration:
    """A measured record: 20 bits match, more than 60 miss, screening with a fifth of the steps."""
    fields: dict[str, Any] = {
        "version": "test-1",
        "engine_source": "house",
        "scheduler_class": "DPMSolverMultistepScheduler",
        "reproduced_max": 20,
        "grey_max": 60,
        "preview_reject": {"0.3": 90, "0.5": 70, "0.7": 50},
        "screen": Screen(0.2, 3, 50, 8.0),
        "rates": Rates(0.995, 0.001, 0.002, 0.9),
    }
    return Calibration(**(fields | changes))
