"""Which scorer judges which model's pictures."""

from __future__ import annotations

from pathlib import Path

from marketplace.settings import Settings
from workers.adherence.contract import Scorer
from workers.adherence.house import JUDGE, HouseScorer
from workers.engines.registry import HOUSE


def scorer_for(source: str, settings: Settings) -> Scorer | None:
    """The scorer for a target model's source; None where adherence cannot be measured here.

    The house model has its own judge, beside its weights. Any other model is judged by CLIP when
    CLIP_MODEL_DIR names its weights.
    """
    if source == HOUSE:
        judge = settings.house_model_dir.parent / JUDGE
        return HouseScorer(judge) if judge.is_file() else None
    folder = settings.clip_model_dir
    return None if folder is None else _clip(folder)


def _clip(folder: Path) -> Scorer:
    # Here and not above: the module pulls in torch.
    from workers.engines.clip_scorer import ClipScorer

    return ClipScorer(folder)
