"""Same request, same pixels: the switches, the noise source and a digest of what we run on."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import torch

# The packages whose release may move a pixel.
_PIXEL_LIBRARIES = (
    "torch",
    "diffusers",
    "transformers",
    "tokenizers",
    "compel",
    "scipy",
    "numpy",
    "pillow",
)


def make_deterministic(device: str) -> None:
    """Fix the process-wide switches that change results between runs on one machine.

    One thread: two threads add in another order (differences of 1e-6), gain nothing at batch 1,
    and OpenMP's waiting makes a shared machine many times slower.
    """
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    if device.startswith("cuda"):
        from diffusers.utils.torch_utils import enable_full_determinism

        enable_full_determinism()
    else:
        torch.use_deterministic_algorithms(True)


def fresh_generator(seed: int) -> torch.Generator:
    """A new CPU generator for one image, whatever the device: its noise is the same everywhere.

    Never shared between images, or the second would depend on the first.
    """
    return torch.Generator("cpu").manual_seed(seed)


@cache
def library_versions() -> dict[str, str]:
    """Release of each library that takes part in making pixels; absent ones are left out."""
    found = {"python": platform.python_version()}
    for name in _PIXEL_LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def environment_fingerprint(device: str, dtype: str) -> str:
    """SHA-256 over libraries, processor features, threads, device kind and dtype.

    Two runs with the same digest are expected to agree bit for bit. No host name takes part.
    """
    facts = {
        "libraries": library_versions(),
        "machine": platform.machine(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": _device_name(device),
        "dtype": dtype,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return f"cuda {torch.version.cuda} {torch.cuda.get_device_name(device)}"
    return device
