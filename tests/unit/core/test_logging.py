"""Whatever somebody logs by mistake: keys, passwords and tokens do not reach the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from marketplace.core.logging import set_up_logging

QUIET = ("stripe", "urllib3")


@pytest.fixture
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.usefixtures("_as_before")
@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ("sk_live_51Habc", "the key sk_live_51Habc was refused"),
        ("rk_test_51Habc", "Bearer rk_test_51Habc"),
        ("whsec_abc123", "checked against whsec_abc123"),
        ("swordfish", "cannot reach postgresql://bracket:swordfish@db:5432/bracket"),
        ("tok-en.1", "GET /account/reset/tok-en.1 200"),
    ],
)
def test_secrets_are_cut_out(
    secret: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging()
    logging.getLogger("anything").warning("%s", sentence)
    written = capsys.readouterr().err
    assert "[cut]" in written
    assert secret not in written


@pytest.mark.usefixtures("_as_before")
def test_libraries_that_log_whole_requests_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    for name in QUIET:
        logging.getLogger(name).info("card[number]=4242")
    assert capsys.readouterr().err == ""
