"""A provider's word about the samples: asked once, never a reason to stop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from marketplace.core.container import Services
from marketplace.gateways.blobs import private_key
from workers.engines.draws import ProvenanceSignal
from workers.engines.errors import EngineUnavailable
from workers.runs.jobs import RunJob
from workers.runs.provenance import provenance_of_samples

SIGNAL = ProvenanceSignal("c2pa", detected=True, trusted=True, model="gpt-image-2")


class Checker:
    """An engine that knows pictures whose bytes begin with "ours"."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def provenance_of(self, picture: bytes) -> list[ProvenanceSignal]:
        self.asked.append(picture)
        if picture.startswith(b"busy"):
            raise EngineUnavailable("busy")
        return [SIGNAL] if picture.startswith(b"ours") else []


def job_of(services: Services, decision: dict[str, Any] | None, *files: bytes) -> RunJob:
    samples = []
    for number, data in enumerate(files):
        key = private_key(f"{number:040x}.png")
        services.blobs.put(key, data, "image/png")
        samples.append(SimpleNamespace(sample_id=f"s{number}", original_key=key))
    missing = SimpleNamespace(sample_id="gone", original_key=private_key("f" * 40 + ".png"))
    return cast(RunJob, SimpleNamespace(samples=[*samples, missing], decision=decision))


def test_each_upload_is_checked_as_it_came(services: Services) -> None:
    job = job_of(services, None, b"ours", b"other", b"busy")
    assert provenance_of_samples(services, job, Checker()) == [
        {"sample_id": "s0", "signals": [SIGNAL.as_dict()]},
        {"sample_id": "s1", "signals": []},
        {"sample_id": "s2", "signals": None},
        {"sample_id": "gone", "signals": None},
    ]


def test_a_run_that_is_taken_over_does_not_ask_again(services: Services) -> None:
    checker, known = Checker(), [{"sample_id": "s0", "signals": []}]
    job = job_of(services, {"provenance": known}, b"ours")
    assert provenance_of_samples(services, job, checker) == known
    assert checker.asked == []


def test_engines_without_such_a_check_have_nothing_to_say(services: Services) -> None:
    assert provenance_of_samples(services, job_of(services, None, b"ours"), object()) == []
