"""The embedded PostgreSQL: survives a kill, keeps to itself, runs whatever uid starts it."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from local import postgres as postgres_module
from local.ports import free_port
from local.postgres import Postgres

Make = Callable[[bool], Postgres]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Postgres] = []

    def build(durable: bool) -> Postgres:
        made.append(Postgres(tmp_path / "postgres", free_port(), durable=durable))
        return made[-1]

    yield build
    for server in made:
        server.stop()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def connect(server: Postgres) -> psycopg.Connection:
    return psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True)


def test_rows_survive_a_kill_and_a_restart(make: Make) -> None:
    server = make(True)
    server.start()
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")
    assert server.process
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()

    again = make(True)
    again.start()
    with connect(again) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("still here",)]
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_wrong_password_is_refused_and_failing_rows_stay_out_of_the_log(make: Make) -> None:
    server = make(False)
    server.start()
    address = f"postgresql://bracket:wrong@127.0.0.1:{server.port}/bracket"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address)
    with connect(server) as connection:
        connection.execute("CREATE TABLE shy (word text CHECK (length(word) < 3))")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO shy VALUES ('paper-cut fox')")
    server.stop()
    log = (server.folder / "postgres.log").read_text()
    assert "violates check constraint" in log
    assert "paper-cut" not in log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_runs_it_as_nobody(
    make: Make, tmp_path: Path, public_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "namespaces_work", lambda: False)
    # As if the virtual environment lay where nobody cannot reach: the programs are copied.
    monkeypatch.setattr(postgres_module, "open_to_all", lambda _folder: False)
    monkeypatch.setattr(postgres_module, "PUBLIC_COPY", public_folder / "copy")
    tmp_path.chmod(0o700)  # nobody cannot even look into the folders above
    server = make(False)
    server.start()
    assert server.process
    process = Path(f"/proc/{server.process.pid}")
    owner, program = process.stat().st_uid, (process / "exe").readlink()
    assert program.is_relative_to(public_folder)
    with connect(server) as connection:
        assert connection.execute("SELECT 6 * 7").fetchone() == (42,)
    server.stop()
    assert owner == server.data.stat().st_uid == 65534

    # The next start may find namespaces allowed: the files change hands.
    monkeypatch.undo()
    make(False).start()
