"""Work beside the rest: its result, its errors, its context, and what a fork leaves of it."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime

import pytest

from marketplace.core.clock import frozen, now
from marketplace.search.beside import beside

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def test_it_runs_on_another_thread_while_the_caller_goes_on() -> None:
    goes_on = threading.Event()

    def work(word: str) -> tuple[str, bool]:
        return word, goes_on.wait(60) and threading.current_thread() is not caller

    caller = threading.current_thread()
    begun = beside(work, "fox")
    goes_on.set()
    assert begun.result(10) == ("fox", True)


def test_it_has_the_callers_clock() -> None:
    with frozen(MOMENT):
        begun = beside(now)
    assert begun.result(10) == MOMENT


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    begun = beside(int, "fox")
    with pytest.raises(ValueError, match="fox"):
        begun.result(10)


# From Python 3.12 on a fork beside threads is warned of; what comes of it is what is tested here.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_makes_threads_of_its_own() -> None:
    beside(now).result(10)
    child = os.fork()
    if child == 0:  # whatever happens here must end here
        try:
            fine = beside(lambda: 7).result(10) == 7
        except BaseException:
            fine = False
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
