"""Processes die before and after every outside call and every commit, and cross each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core import unit_of_work

IN_A_TRANSACTION = frozenset({"transfers_status"})
"""Calls that are made under a lock, where another process would wait."""


class Crash(BaseException):
    """The process is gone: nothing but the database remembers. No handler may catch it."""


class Chaos:
    """Counts the points where a process could die, and lets it die at the one that was chosen."""

    def __init__(self) -> None:
        self._deadly: int | None = None
        self._crossing: int | None = None
        self._other: Callable[[], None] | None = None
        self.last = ""

    def kill_at(self, point: int) -> None:
        """Die at the n-th point from now, the first being 1."""
        self._deadly = point

    def cross_at(self, call: int, other: Callable[[], None]) -> None:
        """Let ``other`` run from begin to end while the n-th outside call from now is made."""
        self._crossing, self._other = call, other

    def calm(self) -> None:
        """Nothing more happens by itself."""
        self._deadly = self._crossing = self._other = None

    def point(self, where: str) -> None:
        """A place where a process may die."""
        if self._deadly is None:
            return
        self._deadly -= 1
        if self._deadly <= 0:
            self.calm()
            self.last = where
            raise Crash(where)

    def call(self, name: str) -> None:
        """An outside call is about to be made, or was just made."""
        self.point(name)
        if self._crossing is None or self._other is None:
            return
        if name.partition(" ")[2] in IN_A_TRANSACTION:
            return
        self._crossing -= 1
        if self._crossing <= 0:
            other, deadly = self._other, self._deadly
            self.calm()
            other()
            self._deadly = deadly

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Every commit of the marketplace becomes three such points."""
        original = unit_of_work.commit

        def commit(session: Session) -> None:
            self.point("before a commit")
            # Committed, but its messages never sent: the broker hears of nothing.
            deaf = self._deadly is not None and self._deadly == 1
            if deaf:
                session.commit()
            self.point("after a commit, before its messages")
            original(session)
            self.point("after a commit")

        unit_of_work.commit = commit
        try:
            yield
        finally:
            unit_of_work.commit = original


class Gateway:
    """The marketplace's way to the bank, with a point before and after each call."""

    def __init__(self, inner: Any, chaos: Chaos) -> None:
        self.inner, self._chaos = inner, chaos

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name.startswith("read_"):
            return method  # reads what has arrived: no call

        def call(*args: Any, **kwargs: Any) -> Any:
            self._chaos.call(f"before {name}")
            result = method(*args, **kwargs)
            self._chaos.call(f"after {name}")
            return result

        return call
