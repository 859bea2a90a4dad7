"""What the journeys' sellers sell, and what really made their pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from marketplace.prompts import fill, parse

# Words no picture, page or log has any other reason to hold; the model does not know them.
SECRET = "quillwhisper"
HIDDEN_WORDS = (SECRET, "velvetmoth")


@dataclass(frozen=True)
class Offer:
    """A listing as its seller types it in; ``samples`` are (values, declared seed)."""

    key: str
    title: str
    prompt: str
    samples: tuple[tuple[dict[str, str], int], ...]
    description: str = "Quiet landscapes in a few layers of colour, made for testing a whole shop."
    category: str = "wallpapers"
    model: str = "house-fast"
    steps: int = 6
    price: str = "2.99"
    tags: str = "calm, landscape"
    true_prompt: str | None = None
    """What the pictures were made with instead, where the seller lies."""
    true_seed_shift: int = 0

    @property
    def form(self) -> dict[str, str]:
        """The first page's fields."""
        return {
            "title": self.title,
            "description": self.description,
            "category": self.category,
            "tags": self.tags,
            "target_model": self.model,
            "prompt": self.prompt,
            "steps": str(self.steps),
            "guidance": "4",
            "scheduler": "dpmpp_2m",
            "price": self.price,
        }

    def pictures(self) -> list[dict[str, Any]]:
        """The darkroom's orders, one for each sample."""
        template = parse(self.prompt)
        return [
            {
                "name": self.picture_name(number),
                "prompt": self.true_prompt or fill(template, values),
                "seed": seed + self.true_seed_shift,
                "steps": self.steps,
                "guidance": 4.0,
            }
            for number, (values, seed) in enumerate(self.samples)
        ]

    def picture_name(self, number: int) -> str:
        """Name of a sample's picture in the darkroom, counted from 0."""
        return f"{self.key}-{number}"


def _times(first_seed: int) -> tuple[tuple[dict[str, str], int], ...]:
    times = ("sunset", "night", "noon")
    return tuple(({"time": time}, first_seed + number) for number, time in enumerate(times))


SHOP = Offer(
    key="shop",
    title="Sailboat hours",
    prompt=f"{SECRET} poster of a sailboat on the sea at [time: sunset | night | noon], teal",
    samples=_times(100),
)
WHOLE_LIFE = Offer(
    key="whole",
    title="Lighthouse at any hour",
    description="A lighthouse in cut paper. Choose the hour and the colour; the light stays on.",
    prompt=(
        f"{SECRET} paper-cut [subject=lighthouse] by the sea at [time: sunset | night | noon], "
        "[palette] palette, velvetmoth"
    ),
    samples=(
        ({"subject": "lighthouse", "time": "sunset", "palette": "coral"}, 7),
        ({"subject": "castle", "time": "night", "palette": "indigo"}, 8),
        ({"subject": "sailboat", "time": "noon", "palette": "teal"}, 9),
    ),
    category="posters",
    model="house-full",
    steps=20,
    tags="lighthouse, paper-cut, sea",
)
OTHER_PROMPT = Offer(
    key="other-prompt",
    title="Watercolour foxes",
    prompt=f"{SECRET} watercolour fox in rolling hills at [time: sunset | night | noon]",
    samples=_times(200),
    true_prompt="paper-cut hot-air balloon over a canyon, gold, crescent moon",
)
OTHER_SEED = Offer(
    key="other-seed",
    title="Castles on hills",
    prompt=f"{SECRET} paper-cut castle in front of mountains at [time: sunset | night | noon]",
    samples=_times(300),
    true_seed_shift=5_000,
)
# The pictures are the shop's own, fetched from its public page.
LIFTED = Offer(
    key="lifted",
    title="My own boats",
    prompt=f"{SECRET} watercolour yacht in a bay at [time: sunset | night | noon]",
    samples=_times(400),
)
KILLED_WORKER = Offer(
    key="killed-worker",
    title="Pines in every light",
    prompt=f"{SECRET} poster of pine trees and mountains at [time: sunset | night | noon]",
    samples=_times(500),
    steps=14,
)
LOST_BROKER = Offer(
    key="lost-broker",
    title="Cabins in the dunes",
    prompt=f"{SECRET} watercolour cabin in desert dunes at [time: sunset | night | noon]",
    samples=_times(600),
)
# Never submitted.
DRAFT = Offer(
    key="draft",
    title="A draft with a rather long title that has to break somewhere on a phone",
    prompt=f"{SECRET} [subject=fox] and [other] under a [sky: sunset | night] sky, [palette]",
    samples=(),
)
# In the order in which the tests want them; the others need none.
TO_MAKE = (SHOP, KILLED_WORKER, LOST_BROKER, OTHER_PROMPT, OTHER_SEED, WHOLE_LIFE)


@dataclass
class Account:
    """A person's credentials, made up for the tests."""

    name: str
    roles: tuple[str, ...] = ()
    password: str = field(default="correct horse battery", repr=False)

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.name}@example.com"
