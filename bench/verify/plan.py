"""What is generated: scenes, declared settings, and the ways in which a sample differs. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from house_model import grammar
from marketplace.verification.calibration import Screen

PHILOX = "philox"
CPU = "cpu"
IMG2IMG_STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
STEP_OFFSETS = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
GUIDANCE_OFFSETS = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
SCHEDULERS = ("dpmpp_2m", "euler", "ddim", "unipc")
SLOW_NUMERICS = {"float16": 2, "2 threads": 4}
"""Scenes of a chunk that these are drawn for: half precision is emulated on a CPU, fifteen times
slower, and two threads wait for one another on a busy machine."""
NUMERICS = ("batch of 1", "2 threads", "bfloat16", "float16", "channels_last", "plain attention")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a listing declares beside prompt and seed."""

    scheduler: str
    steps: int
    guidance: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A caption with its seed, and the changed captions of its forgeries."""

    caption: str
    seed: int
    one_word: str
    one_variable: str
    other: str
    other_seed: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Scenes generated together: one declared setting, some numerics, some nearby settings."""

    index: int
    settings: Settings
    scenes: tuple[Scene, ...]
    numerics: tuple[str, ...]
    nearby: tuple[tuple[str, Settings], ...]


@dataclass(frozen=True, slots=True)
class Size:
    """How much to generate."""

    main_chunks: int
    class_chunks: int
    """For each of the other scheduler classes."""
    batch: int
    brute_prompts: int
    brute_seeds: int
    listings: int
    overhead_images: int


SIZES = {
    "small": Size(1, 0, 4, 1, 8, 400, 3),
    "medium": Size(4, 1, 8, 1, 60, 2000, 6),
    "full": Size(10, 2, 16, 4, 200, 20000, 12),
}
MAIN = (
    Settings("dpmpp_2m", 15, 4.0),
    Settings("dpmpp_2m", 20, 4.0),
    Settings("dpmpp_2m", 20, 5.0),
    Settings("dpmpp_2m", 15, 3.0),
    Settings("dpmpp_2m", 25, 4.0),
)
OTHERS = (
    Settings("euler", 20, 4.0),
    Settings("ddim", 20, 4.0),
    Settings("unipc", 15, 4.0),
)
BRUTE = Settings("dpmpp_2m", 10, 4.0)
# Shares and least steps of the short run; its limits are what the bench finds.
SCREEN = Screen(share=0.2, least_steps=3, distance_max=0, colour_max=0.0)


def chunks(size: Size) -> list[Chunk]:
    """Every chunk of a size; the first ones of a larger size equal a smaller one's at its batch."""
    declared = [MAIN[i % len(MAIN)] for i in range(size.main_chunks)]
    declared += [settings for settings in OTHERS for _ in range(size.class_chunks)]
    return [_chunk(i, settings, size.batch) for i, settings in enumerate(declared)]


def _chunk(index: int, settings: Settings, batch: int) -> Chunk:
    rng = random.Random(f"chunk {index}")
    numerics = tuple(NUMERICS[(2 * index + k) % len(NUMERICS)] for k in range(2))
    steps = settings.steps + STEP_OFFSETS[(3 * index) % len(STEP_OFFSETS)]
    guidance = settings.guidance + GUIDANCE_OFFSETS[(3 * index) % len(GUIDANCE_OFFSETS)]
    scheduler = rng.choice([name for name in SCHEDULERS if name != settings.scheduler])
    nearby = (
        (f"steps {steps - settings.steps:+d}", replace(settings, steps=steps)),
        (f"guidance {guidance - settings.guidance:+g}", replace(settings, guidance=guidance)),
        (f"scheduler {scheduler}", replace(settings, scheduler=scheduler)),
    )
    scenes = tuple(scene(f"{index}/{number}") for number in range(batch))
    return Chunk(index, settings, scenes, numerics, nearby)


def scene(label: str) -> Scene:
    """The scene of that label: a caption of the grammar and its neighbours."""
    rng = random.Random(f"scene {label}")
    drawn = grammar.random_scene(rng)
    caption = _caption(rng, drawn)
    return Scene(
        caption=caption,
        seed=rng.randrange(1 << 32),
        one_word=_one_word(rng, caption),
        one_variable=_one_variable(rng, caption, drawn),
        other=_caption(rng, grammar.random_scene(rng)),
        other_seed=rng.randrange(1 << 32),
    )


def _caption(rng: random.Random, drawn: grammar.Scene) -> str:
    """A caption that names most attributes: the same in every process.

    (The grammar's own choice of attributes walks a set, whose order changes with the process.)
    """
    named = sorted(grammar.said_attributes(rng, drawn, complete=True))
    said = frozenset(name for name in named if rng.random() < 0.85)
    return grammar.caption(rng, drawn, said=said or frozenset(named))


def _one_word(rng: random.Random, caption: str) -> str:
    """The caption with one of its words exchanged for another word that the model knows."""
    words = caption.split(" ")
    place = rng.randrange(len(words))
    known = sorted(grammar.vocabulary_words() - {words[place].strip(",").lower()})
    comma = "," if words[place].endswith(",") else ""
    words[place] = rng.choice(known) + comma
    return " ".join(words)


def _one_variable(rng: random.Random, caption: str, drawn: grammar.Scene) -> str:
    """The caption with the phrase of one attribute exchanged for that of another value."""
    attributes = list(grammar.ATTRIBUTES)
    rng.shuffle(attributes)
    for attribute in attributes:
        table = grammar.VOCABULARY[attribute]
        value = getattr(drawn, attribute)
        for phrase in sorted(table[value], key=len, reverse=True):
            bare = phrase.removeprefix("a ").removeprefix("an ").removeprefix("the ")
            if bare in caption:
                others = [name for name in table if name != value and table[name]]
                new = rng.choice(table[rng.choice(others)])
                new = new.removeprefix("a ").removeprefix("an ").removeprefix("the ")
                return caption.replace(bare, new)
    return f"a fox, {caption}"
