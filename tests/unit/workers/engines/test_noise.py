"""Philox noise equals the published numbers, and continues as a GPU's stream does."""

import numpy as np
import pytest

from tests.late import Late
from workers.engines.noise import PhiloxNoise

torch = Late("torch")
determinism = Late("workers.engines.determinism")
generators = Late("workers.engines.generators")

# From the docstring of A1111's modules/rng_philox.py: seed 0, twelve numbers, from a GPU.
PUBLISHED = [
    -0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564,
    -0.62285122, -0.32838709, -1.07454231, -0.36314407, -1.67105067, 2.26550497,
]  # fmt: skip


def test_the_published_numbers_of_seed_nought():
    assert np.allclose(PhiloxNoise(0).normal((12,)), PUBLISHED, rtol=0, atol=1e-6)


def test_the_shape_changes_no_number():
    assert np.array_equal(PhiloxNoise(0).normal((1, 3, 2, 2)).ravel(), PhiloxNoise(0).normal((12,)))


def test_each_draw_continues_the_stream():
    stream = PhiloxNoise(5)
    first, second = stream.normal((4096,)), stream.normal((4096,))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06
    again = PhiloxNoise(5)
    again.normal((4096,))
    assert np.array_equal(again.normal((4096,)), second)


@pytest.mark.parametrize("other", [1, 2**32, 2**63 - 1])
def test_every_bit_of_the_seed_counts(other):
    assert not np.array_equal(PhiloxNoise(0).normal((12,)), PhiloxNoise(other).normal((12,)))


def test_the_numbers_are_standard_normal():
    drawn = PhiloxNoise(1).normal((100_000,))
    assert drawn.dtype == np.float32
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1) < 0.02


def test_a_processors_noise_is_another():
    ours = PhiloxNoise(3).normal((4096,))
    theirs = torch.randn(4096, generator=determinism.fresh_generator(3)).numpy()
    assert abs(np.corrcoef(ours, theirs)[0, 1]) < 0.06


def test_only_the_given_generators_are_answered():
    mine, other = determinism.fresh_generator(1), determinism.fresh_generator(1)
    expected = torch.randn(4, generator=determinism.fresh_generator(1))
    with generators.PhiloxDraws([mine], [PhiloxNoise(0)]):
        answered = torch.randn((3, 4), generator=mine, dtype=torch.float64)
        passed = torch.randn(4, generator=other)
        assert not torch.equal(torch.randn(2, generator=mine), torch.tensor(PUBLISHED[:2]))
    assert answered.dtype == torch.float64
    assert np.allclose(answered.flatten().numpy(), PUBLISHED, rtol=0, atol=1e-6)
    assert torch.equal(passed, expected)
