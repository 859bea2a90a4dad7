"""What the demo's people do, as data: the shapes that content/*.toml is read into. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from marketplace.core.money import Money
from marketplace.moderation.states import ReasonCode
from marketplace.verification.states import Verdict


class ContentError(ValueError):
    """The demo's content contradicts itself; the message names the listing."""


class Outcome(StrEnum):
    """What the demo's moderator does with a listing once its report is there."""

    PUBLISH = "publish"
    REJECT = "reject"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Lift:
    """A picture taken from another listing's public page, saved again; perhaps flipped."""

    source: str
    """The other listing's key."""
    sample: int
    """Which of its samples, from 1."""
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """How a sample really came to be, where that differs from what is declared."""

    prompt: str | None = field(default=None, repr=False)
    seed: int | None = None
    lift: Lift | None = None


@dataclass(frozen=True, slots=True)
class SampleScript:
    """A sample as its seller declares it; ``truth`` only where the declaration is wrong."""

    seed: int
    values: dict[str, str]
    truth: Truth | None = None


@dataclass(frozen=True, slots=True)
class ListingScript:
    """One listing: what its seller writes, and what the moderator will do."""

    key: str
    seller: str
    """The seller's address."""
    title: str
    description: str
    category: str
    model: str
    price: Money
    tags: tuple[str, ...]
    prompt: str = field(repr=False)
    samples: tuple[SampleScript, ...]
    outcome: Outcome
    scheduler: str | None
    steps: int | None
    guidance: float | None
    expect: Verdict
    """The verdict that the story needs; with another one the listing is left to a person."""
    reason: ReasonCode | None
    note: str

    @property
    def is_honest(self) -> bool:
        """True when every sample is what it is declared to be."""
        return all(sample.truth is None for sample in self.samples)


@dataclass(frozen=True, slots=True)
class SellerScript:
    """A seller's account and shop front."""

    email: str
    person: str
    handle: str
    name: str
    bio: str
    paid: bool
    """Whether they have set up where their earnings go."""


@dataclass(frozen=True, slots=True)
class ReviewScript:
    """What a buyer says of a purchase; ``reply`` is its seller's, empty for none."""

    rating: int
    text: str
    reply: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """One thing a buyer buys: the listing's key and how it is paid (google_pay or card)."""

    listing: str
    method: str
    review: ReviewScript | None = None


@dataclass(frozen=True, slots=True)
class BuyerScript:
    """A buyer and what they buy, in order."""

    email: str
    person: str
    purchases: tuple[Purchase, ...]


@dataclass(frozen=True, slots=True)
class DemoScript:
    """Everything, with the listings in the order in which they arrive."""

    sellers: tuple[SellerScript, ...]
    buyers: tuple[BuyerScript, ...]
    staff: tuple[tuple[str, str, str], ...]
    """(address, name, role)."""
    listings: tuple[ListingScript, ...]

    def listing(self, key: str) -> ListingScript:
        """The listing with this key. Raises KeyError."""
        for listing in self.listings:
            if listing.key == key:
                return listing
        raise KeyError(key)

    def first(self, count: int) -> DemoScript:
        """The same people with the first so many listings, and the purchases among these."""
        return self.only(*(listing.key for listing in self.listings[:count]))

    def only(self, *keys: str) -> DemoScript:
        """The same people with the listings named, and the purchases among these."""
        buyers = tuple(
            replace(buyer, purchases=tuple(p for p in buyer.purchases if p.listing in keys))
            for buyer in self.buyers
        )
        kept = tuple(listing for listing in self.listings if listing.key in keys)
        return replace(self, listings=kept, buyers=buyers)
