"""Every failure gets the code that says what to mend, whatever a library wrapped around it."""

import errno

import pytest
from safetensors import SafetensorError

from tests.late import Late
from workers.engines.errors import (
    DISK_FULL,
    ERROR_CODES,
    OUT_OF_MEMORY,
    WEIGHTS_CORRUPT,
    WEIGHTS_MISSING,
    EngineError,
    EngineInterrupted,
    EngineRefused,
)

torch = Late("torch")
safetensors_torch = Late("safetensors.torch")
failures = Late("workers.engines.failures")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), OUT_OF_MEMORY),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory"), OUT_OF_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes"), OUT_OF_MEMORY),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), OUT_OF_MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), DISK_FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), DISK_FULL),
        (SafetensorError("I/O error: No space left on device (os error 28)"), DISK_FULL),
        (RuntimeError("size mismatch"), None),
        (ValueError("out of memory of better days"), None),
        (OSError(errno.EACCES, "Permission denied"), None),
    ],
)
def test_memory_and_disk_are_told_apart(error, code):
    assert failures.resource_code(error) == code


def test_torchs_own_error_is_memory():
    assert failures.resource_code(torch.OutOfMemoryError("CUDA out of memory")) == OUT_OF_MEMORY


def test_a_wrapped_error_is_found():
    outer = OSError("Unable to load weights")
    outer.__cause__ = ValueError("while reading")
    outer.__cause__.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert failures.resource_code(outer) == DISK_FULL


def test_a_chain_that_bites_its_tail_ends():
    one, other = ValueError("one"), ValueError("other")
    one.__context__, other.__context__ = other, one
    assert failures.resource_code(one) is None


def test_whole_weights_and_broken_ones(tmp_path):
    path = tmp_path / "a.safetensors"
    safetensors_torch.save_file({"w": torch.zeros(64)}, path)
    content = path.read_bytes()
    assert failures.is_whole(path)
    for broken in (content[:-1], content + b"x", content[:20], b"", b"\xff" * 64):
        path.write_bytes(broken)
        assert not failures.is_whole(path)


def test_a_load_that_fails_is_explained_by_the_files(tmp_path):
    error = OSError("whatever the library says")
    assert failures.load_failure_code(tmp_path, error) == WEIGHTS_MISSING
    (tmp_path / "model_index.json").write_text('{"_class_name": "X", "unet": ["diffusers", "U"]}')
    assert failures.load_failure_code(tmp_path, error) == WEIGHTS_MISSING
    unet = tmp_path / "unet"
    unet.mkdir()
    (unet / "config.json").write_text("{}")
    assert failures.load_failure_code(tmp_path, error) == WEIGHTS_MISSING
    safetensors_torch.save_file({"w": torch.zeros(4)}, unet / "model.safetensors")
    # Whole, yet they do not fit.
    assert failures.load_failure_code(tmp_path, error) == WEIGHTS_CORRUPT
    assert failures.load_failure_code(tmp_path, MemoryError()) == OUT_OF_MEMORY


def test_codes_are_known_and_have_defaults():
    assert EngineError().code == "MODEL_FAILED"
    assert EngineRefused("no").code == "REQUEST_REFUSED"
    assert EngineInterrupted("stop", evaluations=6).evaluations == 6
    assert EngineError("x", code=DISK_FULL).code in ERROR_CODES
    with pytest.raises(ValueError, match="unknown error code"):
        EngineError("x", code="OOPS")
