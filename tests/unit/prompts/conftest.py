"""Hypothesis settings: a shared machine is slow at times, and that is no failure."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "bracket", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("bracket")
