"""Policy checks: one version's at submission, and what the rows say is still to be done."""

from __future__ import annotations

import logging

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.text_moderation import ModerationUnavailableError
from marketplace.listings.models import ListingVersion
from marketplace.moderation.lanes import file_version
from marketplace.screening import operations, queries
from marketplace.screening.models import PolicyCheck
from marketplace.screening.states import Stage
from marketplace.search.meaning import meaning_of_words
from marketplace.task_names import TaskName
from workers.app import app, services

log = logging.getLogger(__name__)


@app.task(name=TaskName.CHECK_POLICY.value)
def check_policy(version_id: str) -> None:
    """Check a version's texts now; whatever is left over the sweep finds."""
    parts = services()
    with unit_of_work(parts.database) as session:
        version = session.get(ListingVersion, version_id)
        if version is None:
            return
        ids = [
            operations.request(session, parts.vault, version, stage).id
            for stage in (Stage.TEXTS, Stage.HOSTED)
            if stage in stages(parts)
        ]
    for check_id in ids:
        work_on(parts, check_id)


@app.task(name=TaskName.SWEEP_POLICY.value)
def sweep_policy() -> None:
    """Ask for checks whose moment has come, and do those that wait, each in its transaction."""
    parts = services()
    for stage in stages(parts):
        with unit_of_work(parts.database) as session:
            missing = [version.id for version in queries.unasked(session, stage)]
        for version_id in missing:
            with unit_of_work(parts.database) as session:
                version = session.get_one(ListingVersion, version_id)
                operations.request(session, parts.vault, version, stage)
    with unit_of_work(parts.database) as session:
        due = queries.due(session)
    for check_id in due:
        work_on(parts, check_id)


def stages(parts: Services) -> list[Stage]:
    """The stages that are done on this installation."""
    return [stage for stage in Stage if stage is not Stage.HOSTED or parts.text_moderator]


def work_on(parts: Services, check_id: str) -> None:
    """Do one check; a failure is noted in its row and tried again later."""
    try:
        with unit_of_work(parts.database) as session:
            per_day = parts.settings.submissions_per_day
            meaning = meaning_of_words(parts.settings)
            done = operations.perform(session, parts.vault, check_id, per_day, meaning)
            if done:
                file_version(session, session.get_one(PolicyCheck, check_id).version_id)
        if not done and parts.text_moderator is not None:
            _ask(parts, check_id)
    except ModerationUnavailableError as error:
        _failed(parts, check_id, error.code)
    except Exception as error:
        # By type only: a message might describe its input.
        _failed(parts, check_id, type(error).__name__)


def _ask(parts: Services, check_id: str) -> None:
    """The hosted stage: no transaction is open while the provider thinks."""
    assert parts.text_moderator is not None
    sends_prompts = parts.settings.moderation_sends_prompts
    with unit_of_work(parts.database) as session:
        asked = operations.begin_hosted(session, parts.vault, check_id, sends_prompts)
    if asked is None:
        return
    opinions = parts.text_moderator.review(asked.texts)
    with unit_of_work(parts.database) as session:
        operations.record_opinions(session, parts.vault, asked, opinions, parts.text_moderator.name)


def _failed(parts: Services, check_id: str, code: str) -> None:
    log.warning("policy check %s not done: %s", check_id, code)
    with unit_of_work(parts.database) as session:
        operations.record_failure(session, check_id, code)
