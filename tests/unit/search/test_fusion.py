"""One ranking out of several."""

from __future__ import annotations

import pytest

from marketplace.search.fusion import K, fuse


def test_what_stands_high_in_both_comes_first() -> None:
    fused = fuse([(1.0, ["a", "b", "c"]), (1.0, ["b", "d"])])
    assert [identifier for identifier, _ in fused] == ["b", "a", "d", "c"]
    assert dict(fused)["b"] == pytest.approx(1 / (K + 2) + 1 / (K + 1))


def test_weights_count_and_ties_go_by_id() -> None:
    assert [one for one, _ in fuse([(1.0, ["b"]), (1.0, ["a"])])] == ["a", "b"]
    assert [one for one, _ in fuse([(1.0, ["a"]), (2.0, ["b"])])] == ["b", "a"]
    assert fuse([]) == []
