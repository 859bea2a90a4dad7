"""Kept pages: served only while nothing has changed since before they were made."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from marketplace.core.web.kept_pages import MAX_AGE, KeptPage, KeptPages


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pages(clock: Clock) -> KeptPages[str]:
    made: KeptPages[str] = KeptPages(100_000, clock)
    made.open()
    return made


def page(text: str) -> KeptPage:
    return KeptPage.of(text.encode())


def fetch(pages: KeptPages[str], key: str, text: str) -> str:
    found = pages.fetch(key, lambda: page(text))
    assert isinstance(found, KeptPage)
    return found.body.decode()


def test_a_page_is_made_once(pages: KeptPages[str]) -> None:
    assert fetch(pages, "/", "one") == "one"
    assert fetch(pages, "/", "two") == "one"
    assert fetch(pages, "/other", "three") == "three"


def test_a_change_ends_every_page(pages: KeptPages[str]) -> None:
    fetch(pages, "/", "old")
    pages.forget()
    assert fetch(pages, "/", "new") == "new"


def test_a_page_ages(pages: KeptPages[str], clock: Clock) -> None:
    fetch(pages, "/", "old")
    clock.now = MAX_AGE
    assert fetch(pages, "/", "new") == "old"
    clock.now = MAX_AGE + 1
    assert fetch(pages, "/", "new") == "new"


def test_nothing_is_kept_without_news(pages: KeptPages[str]) -> None:
    fetch(pages, "/", "old")
    pages.close()
    assert not pages.is_open
    assert fetch(pages, "/", "new") == "new"
    assert fetch(pages, "/", "newer") == "newer"
    pages.open()  # what was kept may have missed a change
    assert fetch(pages, "/", "newest") == "newest"


def test_a_change_while_a_page_is_made_outdates_it(pages: KeptPages[str]) -> None:
    def make() -> KeptPage:
        pages.forget()
        return page("read before the change")

    pages.fetch("/", make)
    assert fetch(pages, "/", "read after it") == "read after it"


def test_what_is_no_page_is_passed_on_and_not_kept(pages: KeptPages[str]) -> None:
    assert pages.fetch("/", lambda: "a redirect") == "a redirect"
    assert fetch(pages, "/", "a page") == "a page"


def test_a_failure_is_passed_on_and_blocks_nobody(pages: KeptPages[str]) -> None:
    def fail() -> KeptPage:
        raise LookupError("not found")

    with pytest.raises(LookupError):
        pages.fetch("/", fail)
    assert fetch(pages, "/", "found") == "found"


def test_of_many_at_once_one_makes_the_page(pages: KeptPages[str]) -> None:
    everybody, made = threading.Barrier(8), []

    def make() -> KeptPage:
        made.append(threading.get_ident())
        threading.Event().wait(0.2)
        return page("shared")

    def visit(number: int) -> object:
        everybody.wait()
        return pages.fetch("/", make)

    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(visit, range(8)))
    assert len(made) == 1
    assert {answer.body for answer in answers if isinstance(answer, KeptPage)} == {b"shared"}


def test_who_waited_for_an_outdated_page_makes_another(pages: KeptPages[str]) -> None:
    begun, changed = threading.Event(), threading.Event()

    def slow() -> KeptPage:
        begun.set()
        changed.wait(5)
        return page("old")

    with ThreadPoolExecutor(2) as crowd:
        first = crowd.submit(pages.fetch, "/", slow)
        begun.wait(5)
        pages.forget()
        second = crowd.submit(pages.fetch, "/", lambda: page("new"))
        changed.set()
        assert isinstance(first.result(5), KeptPage)
        found = second.result(5)
    assert isinstance(found, KeptPage)
    assert found.body == b"new"


def test_the_longest_unused_go_first(clock: Clock) -> None:
    one = page("x")
    pages: KeptPages[str] = KeptPages(one.size * 4, clock)
    pages.open()
    for key in ("/a", "/b", "/c", "/d"):
        pages.fetch(key, lambda: one)
    fetch(pages, "/a", "y")  # used again
    pages.fetch("/e", lambda: one)
    assert fetch(pages, "/a", "y") == "x"
    assert fetch(pages, "/b", "y") == "y"


def test_one_page_cannot_push_out_all_others(clock: Clock) -> None:
    pages: KeptPages[str] = KeptPages(2_000, clock)
    pages.open()
    assert fetch(pages, "/", "x" * 5_000).startswith("x")
    assert fetch(pages, "/", "made again") == "made again"


def test_pages_are_compressed_the_same_each_time() -> None:
    one, other = page("words " * 100), page("words " * 100)
    assert one == other
    assert gzip.decompress(one.packed) == one.body
    assert len(one.packed) < len(one.body)
