"""Reading the orientation out of sound and broken EXIF blocks."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.images.orientation import read_orientation
from tests.unit.images.builders import exif


def block(order: str, kind: int = 3, count: int = 1, value: int = 6, prefix: bytes = b"") -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    entries = struct.pack(f"{order}IH", 8, 2)
    entries += struct.pack(f"{order}HHII", 0x010F, 2, 4, 0)
    return prefix + head + entries + struct.pack(f"{order}HHIHH", 0x0112, kind, count, value, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_another_writer_wrote(orientation: int):
    assert read_orientation(exif(orientation)) == orientation


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_with_and_without_prefix(order: str, prefix: bytes):
    assert read_orientation(block(order, prefix=prefix)) == 6


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"nonsense",
        b"II*\0",
        b"MM\0*" + b"\xff" * 40,
        block("<")[:-5],
        block("<", kind=4),
        block("<", count=2),
        block("<", value=9),
        block(">", value=0),
    ],
)
def test_broken_blocks_say_nothing(broken: bytes):
    assert read_orientation(broken) == 1


@settings(deadline=None, database=None)
@given(st.sampled_from([b"II*\0", b"MM\0*"]), st.binary(max_size=80))
def test_any_bytes_give_an_orientation(head: bytes, rest: bytes):
    assert read_orientation(head + rest) in range(1, 9)
