"""Requests to image engines."""

from __future__ import annotations

from typing import Any

from workers.engines.contract import GenerationRequest


def generation_request(**changes: Any) -> GenerationRequest:
    """A small valid request for the toy pipeline, with any field changed."""
    fields: dict[str, Any] = {
        "prompt": "a fox",
        "seed": 7,
        "steps": 3,
        "guidance_scale": 4.0,
        "scheduler": "dpmpp_2m",
        "width": 64,
        "height": 64,
    }
    return GenerationRequest(**(fields | changes))
