"""Noise of a CUDA GPU, reproduced on any processor: Philox4x32-10 and Box-Muller in numpy.

A1111 draws a picture's noise on the GPU unless told otherwise, ComfyUI and diffusers on the CPU;
one seed means two unrelated pictures. The numbers here are those of A1111's "NV" setting, and of a
GPU whose threads draw one number each: all of them at 512 x 512 pixels; small ones (below some
65,000 resident threads) draw otherwise from 1024 x 1024 on. Algorithm: Salmon et al., "Parallel
random numbers: as easy as 1, 2, 3", 2011; constants and the order of draws as in A1111's
modules/rng_philox.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_WORD = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_ROUNDS = 10
_TWO_POW_32_INV = np.float32(2.3283064e-10)
_TWO_POW_32_INV_2PI = np.float32(2.3283064e-10 * 6.2831855)

Words = npt.NDArray[np.uint64]


class PhiloxNoise:
    """One seed's stream of standard normal numbers; every draw continues behind the last.

    The seed is any unsigned 64-bit number.
    """

    def __init__(self, seed: int) -> None:
        self._key = (np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32 & 0xFFFFFFFF))
        self._draws = 0

    def normal(self, shape: Sequence[int]) -> npt.NDArray[np.float32]:
        """The next array of that shape, float32."""
        count = int(np.prod(shape))
        counter = [
            np.full(count, self._draws, np.uint64),
            np.zeros(count, np.uint64),
            np.arange(count, dtype=np.uint64),
            np.zeros(count, np.uint64),
        ]
        self._draws += 1
        words = _philox(counter, self._key)
        return _box_muller(words[0], words[1]).reshape(tuple(shape))


def _philox(counter: list[Words], key: tuple[np.uint64, np.uint64]) -> list[Words]:
    """Ten rounds over 32-bit words that are carried in 64 bits, so that products fit."""
    first, second = key
    for _ in range(_ROUNDS):
        a, b = counter[0] * _MULTIPLIERS[0], counter[2] * _MULTIPLIERS[1]
        counter = [
            (b >> _HALF) ^ counter[1] ^ first,
            b & _WORD,
            (a >> _HALF) ^ counter[3] ^ second,
            a & _WORD,
        ]
        first, second = (first + _WEYL[0]) & _WORD, (second + _WEYL[1]) & _WORD
    return counter


def _box_muller(x: Words, y: Words) -> npt.NDArray[np.float32]:
    """Of each pair of 32-bit words one normal number (a GPU thread keeps the other for itself).

    Computed in float64 from constants of float32, as A1111's numpy does, and rounded at the end.
    """
    radius = x.astype(np.float64) * _TWO_POW_32_INV + _TWO_POW_32_INV / 2
    angle = y.astype(np.float64) * _TWO_POW_32_INV_2PI + _TWO_POW_32_INV_2PI / 2
    normal = np.sqrt(-2.0 * np.log(radius)) * np.sin(angle)
    return normal.astype(np.float32)
