"""Looks at one sample under every noise hypothesis, as closely as the decision asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from PIL import Image

from marketplace.verification.calibration import Calibration
from marketplace.verification.decision import (
    FOUND_OF_BAND,
    Found,
    Look,
    Observation,
    breaks_off,
)
from marketplace.verification.operations import CheckDraft
from marketplace.verification.similarity import (
    Band,
    Comparison,
    DecidedBy,
    compare,
    nearest,
    noise_hypotheses,
)
from workers.engines.contract import EngineInterrupted, GenerationRequest, Preview, StepListener
from workers.fingerprints.hashes import Fingerprint, fingerprint
from workers.runs.evidence import Original, columns_of
from workers.runs.generation import Maker, Picture

Publish = Callable[[Image.Image], list[dict[str, Any]]]
"""Stores the public copies of a picture; what a row's ``derivatives`` holds."""


@dataclass(frozen=True)
class Seen:
    """What one look found: for the decision, for the row, and what it cost."""

    observation: Observation
    spent: int
    check: CheckDraft | None = None
    provenance: dict[str, Any] | None = field(default=None, repr=False)


class Final(NamedTuple):
    """A picture made to the last step under one hypothesis."""

    comparison: Comparison
    picture: Picture


class Broken(NamedTuple):
    """A preview under one hypothesis that ended the run."""

    comparison: Comparison
    preview: Preview
    prints: Fingerprint


class PreviewGate:
    """Judges the previews of one picture in the making; keeps the one that ended it."""

    def __init__(self, sample: Fingerprint, calibration: Calibration, look: Look) -> None:
        self._sample, self._calibration, self._look = sample, calibration, look
        self.broken: Broken | None = None

    def __call__(self, preview: Preview) -> bool:
        prints = fingerprint(preview.image)
        found = compare(self._sample, prints, self._calibration)
        if found.decided_by is DecidedBy.LOW_DETAIL:
            return True  # hashes say nothing here
        if breaks_off(self._calibration, self._look, preview.share, found.distance):
            self.broken = Broken(found, preview, prints)
        return self.broken is None


class Looker:
    """Looks at the samples of one run, one after the other.

    The hypothesis that explained a sample is tried first for the next: a seller's samples mostly
    come from one machine. Previews are asked for only after a run that did not match: each costs
    a decoding, and an honest listing would pay for what only forged ones save.
    """

    def __init__(
        self, maker: Maker, calibration: Calibration, publish: Publish, on_step: StepListener
    ) -> None:
        self._maker, self._calibration = maker, calibration
        self._publish, self._on_step = publish, on_step
        self._favourite: str | None = None
        self._doubt = False

    def look(
        self, sample_id: str, request: GenerationRequest, original: Original, look: Look
    ) -> Seen:
        """Try the hypotheses until one explains the sample.

        Raises what the engine raises, and LeaseLostError.
        """
        if look is Look.SCREEN:
            return self._screen(sample_id, request, original)
        finals: dict[str, Final] = {}
        broken: dict[str, Broken] = {}
        spent = 0
        for hypothesis in self._hypotheses(request):
            gate = PreviewGate(original.prints, self._calibration, look)
            wanted = look is Look.FULL and self._doubt and bool(self._calibration.preview_reject)
            tried = replace(request, noise_source=hypothesis)
            try:
                picture = self._maker.make(tried, self._on_step, gate if wanted else None)
            except EngineInterrupted as stopped:
                spent += stopped.evaluations
                if gate.broken is None:
                    raise
                broken[hypothesis] = gate.broken
                continue
            spent += picture.evaluations
            finals[hypothesis] = Final(self._compare(original, picture), picture)
            self._doubt = finals[hypothesis].comparison.band is not Band.REPRODUCED
            if finals[hypothesis].comparison.band is Band.REPRODUCED:
                self._favourite = hypothesis
                break
        return self._weigh(sample_id, finals, broken, spent)

    def _screen(self, sample_id: str, request: GenerationRequest, original: Original) -> Seen:
        """A short run under each hypothesis, until one is consistent with the sample."""
        screen = self._calibration.screen
        steps = None if screen is None else screen.steps(request.steps)
        if screen is None or steps is None:
            raise ValueError("these limits know no short runs")
        found: dict[str, Comparison] = {}
        spent = 0
        for hypothesis in self._hypotheses(request):
            short = replace(request, steps=steps, noise_source=hypothesis)
            picture = self._maker.make(short, self._on_step)
            spent += picture.evaluations
            found[hypothesis] = comparison = self._compare(original, picture)
            if screen.passes(comparison.distance, comparison.colour_distance or 0.0):
                seen = Observation(
                    sample_id, Found.SCREENED, comparison.distance, hypothesis=hypothesis
                )
                return Seen(seen, spent)
        hypothesis, comparison = nearest(found.items())
        seen = Observation(sample_id, Found.SUSPECT, comparison.distance, hypothesis=hypothesis)
        return Seen(seen, spent)

    def _hypotheses(self, request: GenerationRequest) -> list[str]:
        able = self._maker.engine.capability.noise_sources
        first = self._favourite or request.noise_source
        return [name for name in noise_hypotheses(first) if name in able]

    def _compare(self, original: Original, picture: Picture) -> Comparison:
        colours = (original.colours, picture.colours)
        return compare(original.prints, picture.prints, self._calibration, colours)

    def _weigh(
        self, sample_id: str, finals: dict[str, Final], broken: dict[str, Broken], spent: int
    ) -> Seen:
        """The hypothesis that explains the sample best; broken off where a preview said no."""
        if finals:
            name, comparison = nearest((name, one.comparison) for name, one in finals.items())
            if comparison.band is not Band.MISS or not broken:
                return self._seen(sample_id, name, finals[name], spent)
        name, _ = nearest((name, one.comparison) for name, one in broken.items())
        return self._broken_off(sample_id, name, broken[name], spent)

    def _seen(self, sample_id: str, hypothesis: str, final: Final, spent: int) -> Seen:
        comparison, picture = final
        check = CheckDraft(
            sample_id=sample_id,
            comparison=comparison,
            rerun_hashes=columns_of(picture.prints),
            derivatives=picture.derivatives,
            seconds=picture.seconds,
            hypothesis=hypothesis,
            evaluations=spent,
            cached=spent == 0,
        )
        found = FOUND_OF_BAND[comparison.band]
        seen = Observation(sample_id, found, comparison.distance, hypothesis=hypothesis)
        return Seen(seen, spent, check, picture.provenance)

    def _broken_off(self, sample_id: str, hypothesis: str, broken: Broken, spent: int) -> Seen:
        comparison, preview, prints = broken
        check = CheckDraft(
            sample_id=sample_id,
            comparison=replace(comparison, band=Band.MISS),
            rerun_hashes=columns_of(prints),
            derivatives=self._publish(preview.image),
            seconds=0.0,
            hypothesis=hypothesis,
            stopped_at_share=preview.share,
            evaluations=spent,
        )
        seen = Observation(
            sample_id, Found.BROKEN_OFF, comparison.distance, preview.share, hypothesis
        )
        return Seen(seen, spent, check)
