"""A stage for the demo: an engine that paints at once, and a queue with its worker inside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo.loader import Loader
from demo.samples import Studio
from demo.script import DemoScript
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import ListingVersion
from marketplace.task_names import TaskName
from marketplace.verification.operations import request_run
from tests.factories.generation import FakeGenerator
from workers.engines.contract import (
    GenerationRequest,
    GenerationResult,
    PreviewListener,
    StepListener,
)
from workers.tasks import verification


class CutOffError(Exception):
    """Stands for the loader being killed."""


class PaintingEngine(FakeGenerator):
    """Paints at once, and can be told to die after so many pictures."""

    cut_off_after: int | None = None

    @property
    def painted(self) -> int:
        """Pictures made so far."""
        return len(self.requests)

    def generate(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> GenerationResult:
        """Paint, or raise CutOffError once enough was painted."""
        if self.cut_off_after is not None and self.painted >= self.cut_off_after:
            raise CutOffError
        return super().generate(request, on_step, on_preview)


@dataclass
class WorkingQueue:
    """Does verification as soon as it is asked to; remembers everything that was sent."""

    idle: bool = False
    parts: Services | None = None
    sent: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def send(self, name: str, *args: str, **options: Any) -> None:
        """Remember the job, and verify at once unless idle."""
        self.sent.append((str(name), args))
        if name == TaskName.VERIFY_LISTING and not self.idle:
            self.work(args[0])

    def work(self, version_id: str) -> None:
        """What the worker's task does."""
        assert self.parts is not None
        with unit_of_work(self.parts.database) as session:
            request_run(session, session.get_one(ListingVersion, version_id))
        verification.work_on_next(self.parts)

    def answers(self) -> bool:
        """Always reachable."""
        return True


@dataclass
class Stage:
    """Services with a worker and an emulator behind them, and two engines of the same hand."""

    services: Services
    queue: WorkingQueue
    sellers_engine: PaintingEngine
    said: list[str] = field(default_factory=list)

    def play(self, script: DemoScript, patience: float = 20.0) -> list[str]:
        """Run the loader over a script; returns what it said this time."""
        before = len(self.said)
        studio = Studio(self.services, script, self.sellers_engine)
        loader = Loader(self.services, script, studio, self.said.append, 0.01, patience)
        loader.run()
        return self.said[before:]
