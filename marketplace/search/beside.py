"""Part of a search beside the rest of it, on a thread of this process.

The sentence encoder and the index of vectors need nothing that the words find: while PostgreSQL
looks for words, another core can do their work. Each part that runs beside the rest takes a
connection of its own from the pool.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")
MOST = 8
"""As many as a web process answers requests at once; further ones wait for their turn."""


class _Threads:
    """The threads of this process, made at the first call; a fork begins without any."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: ThreadPoolExecutor | None = None

    def get(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._made is None:
                self._made = ThreadPoolExecutor(MOST, "search")
            return self._made

    def forget(self) -> None:
        """In a child process: the parent's threads did not come along, and its lock may be held."""
        self._lock = Lock()
        self._made = None


_threads = _Threads()
os.register_at_fork(after_in_child=_threads.forget)


def beside(
    work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Future[Result]:
    """Begin with some work; its result, or what it raised, is to be asked for later.

    Context variables are those of the caller.
    """
    context = copy_context()
    return _threads.get().submit(lambda: context.run(work, *args, **kwargs))
