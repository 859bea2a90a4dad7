"""The bench's arithmetic on made-up prints: limits, bounds, whole listings, mixed listings."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from itertools import permutations

import pytest

from bench.verify.analysis import (
    Rerun,
    Row,
    Sample,
    brute_row,
    fit,
    grades,
    quantile,
    rate,
    whole_forgery_bound,
)
from bench.verify.listings import (
    Looker,
    mixed_acceptance,
    simulate,
)
from bench.verify.plan import SIZES, chunks
from bench.verify.prints import Print
from marketplace.verification.similarity import Band

BASE = {"version": "t", "engine_source": "house", "scheduler_class": "S"}


def picture(rng: random.Random) -> Print:
    """A random picture: random bits, random colours."""
    colours = [value for _ in range(64) for value in (rng.randrange(2000, 9000), 0, 0)]
    return Print(
        rng.randbytes(32), 100, rng.randbytes(8), rng.randbytes(32), struct.pack(">192h", *colours)
    )


def moved(one: Print, bits: int, colour: float = 0.0) -> Print:
    """The picture with its first bits flipped and all its cells lighter."""
    flipped = int.from_bytes(one.pdq) ^ ((1 << bits) - 1)
    cells = list(struct.unpack(">192h", one.colour))
    cells[::3] = [value + round(colour * 100) for value in cells[::3]]
    return replace(one, pdq=flipped.to_bytes(32), colour=struct.pack(">192h", *cells))


def row(seed: int) -> Row:
    """A scene: authentic samples within 8 bits, previews 40 and a short run 20 bits off."""
    rng = random.Random(seed)
    final, other = picture(rng), picture(rng)
    reruns = {
        noise: Rerun(one, {"0.3": moved(one, 40, 9.0)}, moved(one, 20, 3.0), 0.2)
        for noise, one in (("cpu", final), ("philox", other))
    }
    authentic = [Sample("same machine | as it is", moved(final, bits, 0.5)) for bits in (0, 4, 8)]
    authentic.append(Sample("GPU noise | as it is", moved(other, 2)))
    forged = [Sample("other seed", picture(rng)), Sample("tinted", moved(final, 2, 20.0))]
    return Row("S", 20, reruns, authentic, forged, [Sample("steps +1", moved(final, 2, 1.0))])


ROWS = [row(seed) for seed in range(40)]
RECORD = replace(fit(ROWS, ROWS, BASE), rates=rate(fit(ROWS, ROWS, BASE), ROWS))


def test_limits_leave_room_around_everything_authentic():
    assert (RECORD.reproduced_max, RECORD.grey_max) == (12, 24)
    assert RECORD.colour_max == pytest.approx(0.75)
    assert dict(RECORD.preview_reject) == {"0.3": 44}
    assert RECORD.screen.passes(20, 3.0)
    assert not RECORD.screen.passes(21, 3.0)


def test_a_near_forgery_takes_the_room_away():
    near = [replace(r, forged=[Sample("x", moved(r.reruns["cpu"].final, 10, 0.5))]) for r in ROWS]
    assert fit(ROWS, near, BASE).reproduced_max == 8


def test_forgeries_among_the_furthest_authentic_samples_draw_the_limits_tighter():
    far = [replace(r, authentic=[*r.authentic, *r.authentic]) for r in ROWS for _ in range(3)]
    far[0].authentic.append(Sample("odd | as it is", moved(far[0].reruns["cpu"].final, 40, 0.5)))
    near = [Sample("other seed", moved(r.reruns["cpu"].final, 30, 0.5)) for r in far]
    attacked = [replace(r, forged=[fake]) for r, fake in zip(far, near, strict=True)]
    assert fit(far, far, BASE).reproduced_max == 60
    assert fit(attacked, attacked, BASE).reproduced_max == 8


def test_rates_are_bounds_on_the_cautious_side():
    rates = RECORD.rates
    assert rates.match_if_authentic == pytest.approx(0.05 ** (1 / 160), abs=1e-6)
    assert rates.match_if_forged == pytest.approx(1 - 0.05 ** (1 / 80), abs=1e-6)
    assert rates.early_reject_if_authentic == pytest.approx(1 - 0.05 ** (1 / 160), abs=1e-6)


def test_colour_catches_what_hashes_let_pass():
    found = grades(ROWS, "forged", RECORD)
    assert set(found["tinted"].bands) == {Band.MISS}
    assert max(found["tinted"].hashes) <= RECORD.reproduced_max


def test_pictures_nobody_can_tell_apart_are_counted_apart():
    unseen = [replace(r, forged=[Sample("x", r.reruns["cpu"].final, visible=False)]) for r in ROWS]
    assert grades(unseen, "forged", RECORD)["x"].visible == [False] * len(ROWS)
    assert rate(RECORD, [*ROWS, *unseen]).match_if_forged == RECORD.rates.match_if_forged


def test_honest_listings_pass_cheaply_and_forged_ones_do_not():
    looker = Looker(RECORD)
    honest = [(r, s) for r in ROWS for s in r.authentic[:3]]
    forged = [(r, s) for r in ROWS for s in r.forged]
    good = simulate(RECORD, looker, honest, [], 0, 300, "a")
    bad = simulate(RECORD, looker, [], forged, None, 300, "b")
    assert good.accepted == good.full_accepted == 300
    # Eighty forgeries bound the match rate at 3.7 %, so three full matches are needed.
    assert 0.4 < good.unet_share < 0.65
    assert bad.rejected == 300
    assert bad.unet_share < 0.5


def test_undeclared_gpu_noise_is_found():
    looker = Looker(RECORD)
    items = [(r, s) for r in ROWS for s in r.authentic[3:]]
    assert simulate(RECORD, looker, items, [], 0, 100, "gpu").accepted == 100


def test_the_best_of_many_seeds_is_the_nearest_other_one():
    rng = random.Random(1)
    prints = [picture(rng) for _ in range(9)]
    prints.append(moved(prints[3], 6, 0.2))
    assert brute_row(prints, 3, "S").reruns["cpu"].final == prints[9]


@pytest.mark.parametrize(("samples", "fakes"), [(3, 1), (4, 2), (5, 4), (6, 6)])
def test_mixed_acceptance_counts_every_order(samples, fakes):
    passes, full = 0.3, 0.1
    total = 0.0
    orders = list(permutations(range(samples), 2))
    for first_two in orders:
        in_full = sum(place < fakes for place in first_two)
        slips = passes + (1 - passes) * full
        total += full**in_full * slips ** (fakes - in_full)
    assert mixed_acceptance(samples, fakes, passes, full) == pytest.approx(total / len(orders))


def test_a_bound_per_listing_needs_two_matches():
    assert whole_forgery_bound(0, 240) == pytest.approx((1 - 0.05 ** (1 / 240)) ** 2)


def test_quantiles_never_fall_short():
    assert [quantile([1, 2, 3, 4], share) for share in (0.25, 0.5, 0.75, 0.95, 1.0)] == [
        1,
        2,
        3,
        4,
        4,
    ]


def test_the_full_size_has_the_negatives_it_promises():
    size = SIZES["full"]
    planned = chunks(size)
    scenes = sum(len(chunk.scenes) for chunk in planned)
    # Other seed, word, variable, six strengths, two other listings; three near settings; brute.
    assert scenes * 14 + size.brute_prompts * size.brute_seeds // 4 >= 3500
    assert {name for chunk in planned for name in chunk.numerics} >= {"bfloat16", "2 threads"}
    assert all(scene.one_word != scene.caption for chunk in planned for scene in chunk.scenes)
