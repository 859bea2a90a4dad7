"""Ports are remembered while they are free and replaced when they are not."""

from __future__ import annotations

import socket
from pathlib import Path

from local.ports import HIGHEST, LOWEST, PortBook, is_free


def test_the_same_ports_next_time(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    book = PortBook(path)
    first = [book.port("mail"), book.port("stripe")]
    again = PortBook(path)
    assert [again.port("mail"), again.port("stripe")] == first
    assert len(set(first)) == 2
    assert all(LOWEST <= port <= HIGHEST for port in first)


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    old = PortBook(path).port("mail")
    with socket.create_server(("127.0.0.1", old)):
        assert not is_free(old)
        assert PortBook(path).port("mail") != old
    assert is_free(old)


def test_a_damaged_book_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    path.write_text('{"mail": 2')
    assert is_free(PortBook(path).port("mail"))
