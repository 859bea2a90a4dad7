"""What may go wrong while an image is made, each with a code that a row and a page can show."""

from __future__ import annotations

from typing import Final

OUT_OF_MEMORY: Final = "OUT_OF_MEMORY"
BAD_PIXELS: Final = "BAD_PIXELS"
"""The model computed NaN or infinity; the picture would be black or noise."""
WEIGHTS_MISSING: Final = "WEIGHTS_MISSING"
WEIGHTS_CORRUPT: Final = "WEIGHTS_CORRUPT"
"""The weights do not load, or are not those that the target model's entry names."""
DISK_FULL: Final = "DISK_FULL"
TIME_LIMIT: Final = "TIME_LIMIT"
PROVIDER_BUSY: Final = "PROVIDER_BUSY"
PROVIDER_REFUSED: Final = "PROVIDER_REFUSED"
"""The model's own safety check, or its owner, will not make this picture."""
COST_CEILING: Final = "COST_CEILING"
"""What may be spent at a provider on this listing is spent; a person decides."""
NOT_CONFIGURED: Final = "NOT_CONFIGURED"
"""This worker has no such engine, or lacks what it needs (a key, a folder)."""
MODEL_FAILED: Final = "MODEL_FAILED"
REQUEST_REFUSED: Final = "REQUEST_REFUSED"
"""The request lies outside what the engine can do."""
INTERRUPTED: Final = "INTERRUPTED"

ERROR_CODES: Final = frozenset(
    {
        OUT_OF_MEMORY,
        BAD_PIXELS,
        WEIGHTS_MISSING,
        WEIGHTS_CORRUPT,
        DISK_FULL,
        TIME_LIMIT,
        PROVIDER_BUSY,
        PROVIDER_REFUSED,
        COST_CEILING,
        NOT_CONFIGURED,
        MODEL_FAILED,
        REQUEST_REFUSED,
        INTERRUPTED,
    }
)


class EngineError(Exception):
    """Base of what an engine may raise. Its message never holds a prompt's text."""

    code: str = MODEL_FAILED
    retry_after: float | None = None
    """Seconds to wait before another try, where whoever refused it has said so."""

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            if code not in ERROR_CODES:
                raise ValueError(f"unknown error code {code!r}")
            self.code = code


class EngineUnavailable(EngineError):
    """The model cannot run here or now; another try, or another worker, may. Nobody's listing
    is at fault."""


class EngineRefused(EngineError):
    """This engine will never make this request (size, scheduler, limits); do not try again."""

    code = REQUEST_REFUSED


class EngineInterrupted(EngineError):
    """The run was stopped between two steps, by a preview listener's answer or a step listener.

    `evaluations` counts what was spent until then.
    """

    code = INTERRUPTED

    def __init__(self, message: str = "", *, evaluations: int = 0) -> None:
        super().__init__(message)
        self.evaluations = evaluations
