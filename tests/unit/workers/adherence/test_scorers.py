"""Scorers: the house model's judge, CLIP by configuration, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from marketplace.settings import Settings
from tests.fixtures.app import settings_for
from workers.adherence.contract import AdherenceUnavailable
from workers.adherence.house import HouseScorer
from workers.adherence.scorers import scorer_for

NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"


class FixedJudge:
    """Sees the same in every picture."""

    def judge(self, pixels: np.ndarray) -> dict[str, list[str]]:
        assert pixels.shape == (1, 256, 256, 3)
        return {
            "subject": ["fox"],
            "terrain": ["dunes"],
            "time": ["sunset"],
            "palette": ["coral"],
            "celestial": ["sun"],
            "style": ["poster"],
            "format": ["full"],
            "place": ["left"],
        }


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings for which no database is needed."""
    return settings_for(NOWHERE, tmp_path)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HouseScorer:
    judge = tmp_path / "judge.safetensors"
    judge.write_bytes(b"weights")
    monkeypatch.setattr(HouseScorer, "_judge", FixedJudge())
    return HouseScorer(judge)


@pytest.mark.parametrize(
    ("prompt", "hits", "judged"),
    [
        ("a fox at sunset in the desert", 3, 3),
        ("a cabin at night", 0, 2),
        ("a fox and a cabin, teal", 1, 2),  # one of two subjects is enough
    ],
)
def test_the_house_scorer_counts_what_was_asked_for(
    house: HouseScorer, prompt: str, hits: int, judged: int
) -> None:
    score = house.score(prompt, Image.new("RGB", (512, 512)))
    assert score is not None
    assert (score.hits, score.judged) == (hits, judged)
    assert score.adherence == pytest.approx(hits / judged)


def test_a_prompt_outside_the_vocabulary_is_not_judged(house: HouseScorer) -> None:
    assert house.score("zanzibar", Image.new("RGB", (256, 256))) is None
    assert house.scale.version  # the judge's digest, so that a new judge shows


def test_each_model_gets_its_scorer(settings: Settings, tmp_path: Path) -> None:
    assert isinstance(scorer_for("house", settings), HouseScorer)
    assert scorer_for("some/other-model", settings) is None
    gone = settings.model_copy(update={"house_model_dir": tmp_path / "weights"})
    assert scorer_for("house", gone) is None


def test_a_folder_without_clip_is_unavailable(settings: Settings, tmp_path: Path) -> None:
    with_clip = settings.model_copy(update={"clip_model_dir": tmp_path})
    scorer = scorer_for("some/other-model", with_clip)
    assert scorer is not None
    with pytest.raises(AdherenceUnavailable):
        scorer.warm_up()
