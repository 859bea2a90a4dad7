"""What torch, diffusers and the operating system raise, and the code that each of them means."""

from __future__ import annotations

import errno
import json
import traceback
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError

from workers.engines import errors

# What a model library raises when a run or a load fails. Listed rather than `Exception`, so that
# a worker's own signals (a soft time limit, say) pass through untouched.
MODEL_FAILURES = (
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    ImportError,
    OSError,
    SafetensorError,
)
_ERRNO_CODES = {
    errno.ENOSPC: errors.DISK_FULL,
    errno.EDQUOT: errors.DISK_FULL,
    errno.ENOMEM: errors.OUT_OF_MEMORY,
}
# torch's CPU allocator and serialiser raise a bare RuntimeError; their words are all there is.
_PHRASE_CODES = {
    "not enough memory": errors.OUT_OF_MEMORY,
    "can't allocate memory": errors.OUT_OF_MEMORY,
    "cannot allocate memory": errors.OUT_OF_MEMORY,
    "out of memory": errors.OUT_OF_MEMORY,
    "no space left on device": errors.DISK_FULL,
    "os error 28": errors.DISK_FULL,
}


def resource_code(error: BaseException) -> str | None:
    """OUT_OF_MEMORY or DISK_FULL when the error, or one that it wraps, says so; else None."""
    for link in _chain(error):
        if isinstance(link, MemoryError | torch.OutOfMemoryError):
            return errors.OUT_OF_MEMORY
        if isinstance(link, OSError) and link.errno in _ERRNO_CODES:
            return _ERRNO_CODES[link.errno]
        if isinstance(link, RuntimeError | OSError | SafetensorError):
            said = str(link).lower()
            for phrase, code in _PHRASE_CODES.items():
                if phrase in said:
                    return code
    return None


def where(error: BaseException) -> str:
    """The error's class and place. Its own message may quote the prompt and is left out."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def load_failure_code(folder: Path, error: BaseException) -> str:
    """Why a pipeline folder did not load, read from the files rather than from the message."""
    code = resource_code(error)
    if code is not None:
        return code
    if any(not is_whole(path) for path in sorted(folder.rglob("*.safetensors"))):
        return errors.WEIGHTS_CORRUPT
    if missing_parts(folder):
        return errors.WEIGHTS_MISSING
    return errors.WEIGHTS_CORRUPT


def is_whole(path: Path) -> bool:
    """Whether a safetensors file has a readable header and exactly the bytes that it announces."""
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            size = path.stat().st_size
            if not 2 <= length <= size - 8:
                return False
            header = json.loads(stream.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name[:2] != "__"]
        return bool(size == 8 + length + max(ends, default=0))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return False


def missing_parts(folder: Path) -> list[str]:
    """Parts that model_index.json names and that have no configuration, or no weights."""
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
        entries = {name: value for name, value in index.items() if isinstance(value, list)}
    except (OSError, ValueError, AttributeError):
        return ["model_index.json"]
    return [
        name
        for name, value in sorted(entries.items())
        if value and value[0] is not None and not _has_files(folder / name)
    ]


def _has_files(part: Path) -> bool:
    if not any(part.glob("*.json")):
        return False
    # A part with a config.json is a network; schedulers and tokenizers have none of that name.
    names = {path.name for path in part.glob("*.json")}
    if names & {"scheduler_config.json", "tokenizer_config.json", "preprocessor_config.json"}:
        return True
    return "config.json" in names and any(part.glob("*.safetensors"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
