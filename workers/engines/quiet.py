"""Silences the model libraries, whose notices quote prompts (CLIP's "was truncated" does)."""

from __future__ import annotations

import logging
import warnings

import diffusers.utils.logging as diffusers_logging
import transformers.utils.logging as transformers_logging

# Above CRITICAL: nothing these libraries say is worth the risk of a prompt in a log.
_SILENT = logging.CRITICAL + 10


def silence_model_libraries() -> None:
    """Turn off the libraries' log records, warnings and progress bars in this process; idempotent.

    Called before every run, not once, because a library may reset its level when it loads more.
    """
    diffusers_logging.set_verbosity(_SILENT)
    diffusers_logging.disable_progress_bar()
    transformers_logging.set_verbosity(_SILENT)
    transformers_logging.disable_progress_bar()
    # Their warnings are about one another (diffusers' arrays and NumPy's next release).
    warnings.filterwarnings("ignore", module=r"(diffusers|transformers)\.")
    # diffusers hands a torch tensor to numpy.cumsum, and numpy takes the blame upon itself.
    warnings.filterwarnings("ignore", message="__array_wrap__ must accept", module=r"numpy\.")
