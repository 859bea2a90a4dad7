"""The only place that commits, and what happens after: jobs are sent once rows are safe."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from marketplace.core.database import Database

log = logging.getLogger(__name__)
_CALLBACKS = "after_commit"


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Run ``callback`` once the session's work is committed; never if it is rolled back."""
    session.info.setdefault(_CALLBACKS, []).append(callback)


def commit(session: Session) -> None:
    """Commit and run the waiting callbacks; a failing callback is logged, not raised.

    Callbacks only hurry things along (they send messages for rows that a sweeper would find
    anyway), so the work is done even when one of them fails.
    """
    session.commit()
    for callback in session.info.pop(_CALLBACKS, []):
        try:
            callback()
        except Exception as error:
            log.warning("after-commit callback failed: %s", type(error).__name__)


def rollback(session: Session) -> None:
    """Undo everything since the last commit and forget its callbacks."""
    session.info.pop(_CALLBACKS, None)
    session.rollback()


@contextmanager
def unit_of_work(database: Database) -> Iterator[Session]:
    """A session whose work is committed at the end, or rolled back when anything raises."""
    session = database.new_session()
    try:
        yield session
        commit(session)
    except BaseException:
        rollback(session)
        raise
    finally:
        session.close()
