"""The changing index: against a dictionary and a scan, whatever is done to it in any order."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.search import hamming_index, mih
from workers.search.hamming_index import HammingIndex


def codes(count: int, seed: int = 0, words: int = 4) -> mih.Codes:
    return np.random.default_rng(seed).integers(0, 2**64, (count, words), dtype=np.uint64)


def keys(*values: int) -> hamming_index.Keys:
    return np.array(values, np.int64)


def near(pool: mih.Codes, row: int, flips: int, seed: int) -> mih.Codes:
    """One of the pool's codes with so many bits flipped."""
    bits = np.unpackbits(pool[row].view(np.uint8))
    bits[np.random.default_rng(seed).choice(bits.size, flips, replace=False)] ^= 1
    return np.packbits(bits).view(np.uint64)


def found(index: HammingIndex, query: mih.Codes, radius: int) -> dict[int, int]:
    hits = index.search(query, radius)
    assert len({hit.key for hit in hits}) == len(hits), "a key was reported twice"
    assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)
    return {hit.key: hit.distance for hit in hits}


def expected(truth: dict[int, mih.Codes], query: mih.Codes, radius: int) -> dict[int, int]:
    distances = {
        key: int(np.bitwise_count(np.bitwise_xor(code, query)).sum()) for key, code in truth.items()
    }
    return {key: distance for key, distance in distances.items() if distance <= radius}


POOL = np.concatenate([codes(12, seed=1), np.repeat(codes(1, seed=2), 4, axis=0)])
"""Few codes, some of them equal, so that operations meet."""

operation = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 30), st.integers(0, len(POOL) - 1)),
    st.tuples(st.just("remove"), st.integers(0, 30), st.just(0)),
    st.tuples(st.just("merge"), st.just(0), st.just(0)),
    st.tuples(st.just("search"), st.integers(0, 256), st.integers(0, len(POOL) - 1)),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(operation, max_size=40), st.integers(0, 2**31))
def test_any_sequence_of_changes_equals_a_dictionary(
    steps: list[tuple[str, int, int]], seed: int
) -> None:
    index, truth = HammingIndex(), {}
    for step, number, row in steps:
        if step == "add":
            index.add(keys(number), POOL[row : row + 1])
            truth[number] = POOL[row]
        elif step == "remove":
            assert index.remove([number]) == (truth.pop(number, None) is not None)
        elif step == "merge":
            assert index.merge()
        else:
            query = near(POOL, row, seed % 40, seed)
            assert found(index, query, number) == expected(truth, query, number)
        assert len(index) == len(truth)
    for radius in (0, 31, 256):
        assert found(index, POOL[-1], radius) == expected(truth, POOL[-1], radius)
    assert all(key in index for key in truth)


def test_large_index_with_tail_and_deletions() -> None:
    pool = codes(9000, seed=3)
    pool[100] = pool[7000]  # equal codes under two keys
    index = HammingIndex(np.arange(6000) * 3, pool[:6000])
    index.add(np.arange(6000, 9000) * 3, pool[6000:])
    index.remove(np.arange(0, 9000, 7) * 3)
    truth = {row * 3: pool[row] for row in range(9000) if row % 7}
    assert len(index) == len(truth)
    for merged in (False, True):
        if merged:
            index.merge()
            assert index.tail_length == 0
        for row in (1, 100, 700, 6500, 7000, 8999):
            query = near(pool, row, 17, seed=row)
            assert found(index, query, 31) == expected(truth, query, 31)


def test_replacing_a_code_moves_the_key() -> None:
    pool = codes(2)
    index = HammingIndex(keys(5), pool[:1])
    index.add(keys(5), pool[1:])
    assert found(index, pool[0], 0) == {}
    assert found(index, pool[1], 0) == {5: 0}
    assert len(index) == 1


def test_adding_what_is_there_changes_nothing() -> None:
    pool = codes(50)
    index = HammingIndex(np.arange(50), pool)
    index.add(np.arange(50), pool)
    assert index.tail_length == 0
    assert len(index) == 50


def test_changes_during_a_merge_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rebuild is held up half way while another thread adds, replaces, removes and asks."""
    pool = codes(40, seed=4)
    index = HammingIndex(np.arange(10), pool[:10])
    index.add(np.arange(10, 20), pool[10:20])
    building, go_on = threading.Event(), threading.Event()
    build = hamming_index._built

    def slow(*arguments: object) -> object:
        building.set()
        assert go_on.wait(20)
        return build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(hamming_index, "_built", slow)
    index.merge_in_background()
    assert building.wait(20)
    assert index.merge() is False, "one merge at a time"
    index.add(np.arange(20, 30), pool[20:30])
    index.add(keys(3), pool[33:34])
    index.remove([5, 15, 25])
    index.add(keys(15), pool[35:36])
    truth = {key: pool[key] for key in range(30) if key not in {5, 25}}
    truth |= {3: pool[33], 15: pool[35]}
    for query in pool:
        assert found(index, query, 0) == expected(truth, query, 0)
    go_on.set()
    assert index.wait_for_merge(20)
    assert index.tail_length == 11
    for query in pool:
        assert found(index, query, 0) == expected(truth, query, 0)
    assert index.merge()
    assert index.tail_length == 0
    assert found(index, pool[0], 256) == expected(truth, pool[0], 256)


def test_a_merge_without_memory_leaves_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = codes(4)
    index = HammingIndex(np.arange(2), pool[:2])
    index.add(np.arange(2, 4), pool[2:])

    def fails(*_: object) -> object:
        raise MemoryError

    monkeypatch.setattr(hamming_index, "_built", fails)
    index.merge_in_background()
    assert index.wait_for_merge(20)
    assert len(index) == 4
    monkeypatch.undo()
    assert index.merge(), "the next merge may run"


def test_it_asks_for_a_merge_when_the_tail_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamming_index, "MIN_TAIL", 10)
    index = HammingIndex()
    index.add(np.arange(10), codes(10))
    assert not index.wants_merge
    index.add(keys(10), codes(1))
    assert index.wants_merge
    index.merge()
    assert not index.wants_merge
    index.remove(list(range(11)))
    assert index.wants_merge, "deletions count as well"


def test_keys_beyond_32_bits() -> None:
    pool = codes(3)
    index = HammingIndex(keys(1, 2**40, 7), pool)
    assert found(index, pool[1], 0) == {2**40: 0}
    assert 2**40 in index
    assert 2**41 not in index


def test_short_keys_take_four_bytes() -> None:
    pool = codes(5000)
    short, long = HammingIndex(np.arange(5000), pool), HammingIndex(np.arange(5000) + 2**32, pool)
    assert long.nbytes - short.nbytes == 4 * 5000


@pytest.mark.parametrize(
    ("names", "count"), [((1, 1), 2), ((-1, 2), 2), ((1,), 2)], ids=["twice", "negative", "missing"]
)
def test_bad_keys_are_refused(names: tuple[int, ...], count: int) -> None:
    with pytest.raises(ValueError, match="key"):
        HammingIndex(keys(*names), codes(count))
