"""Makes .venv and installs the pinned requirements. Runs on the system's Python: stdlib only.

    python3 -m local.bootstrap [--dev | --lock]

Does nothing when what is installed matches the requirement files.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "bracket-installed"
# Pinned like everything else; it only ever lives inside .venv.
UV = "uv==0.13.8"
RUNTIME, DEV = "requirements.txt", "requirements-dev.txt"


def main(arguments: list[str]) -> None:
    """Bring .venv up to date: for running, with --dev for testing, with --lock compile the pins."""
    version = tuple(sys.version_info)  # as a value: linters hold the comparison for settled
    if version < (3, 11):
        sys.exit(f"Bracket needs Python 3.11 or newer; {sys.executable} is older.")
    if not sys.platform.startswith("linux"):
        sys.exit("Bracket's one-machine stack runs on Linux only.")
    # The lock sits on a file that is always there, so two `make` at once install once.
    with (ROOT / "requirements.in").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if "--lock" in arguments:
            make_environment()
            compile_pins()
        else:
            bring_up_to_date(DEV if "--dev" in arguments else RUNTIME)


def bring_up_to_date(wanted: str) -> None:
    """Install `wanted` unless the stamp says that it, or the larger set, is installed already."""
    digest = requirements_digest()
    if STAMP.exists() and STAMP.read_text().split() in ([digest, DEV], [digest, wanted]):
        return
    make_environment()
    print(f"Installing {wanted} into .venv ...", flush=True)
    if not install_with_uv(wanted):
        install_with_pip(wanted)
    STAMP.write_text(f"{digest} {wanted}\n")


def requirements_digest() -> str:
    """Hash of all that decides what is installed."""
    digest = hashlib.sha256(sys.version.encode())
    for name in (RUNTIME, DEV, "requirements.in"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def make_environment() -> None:
    """Create .venv with pip inside, or exit with one sentence that says what is missing."""
    if has_pip():
        return
    if importlib.util.find_spec("ensurepip") is None:
        install_ensurepip()
    print("Creating .venv ...", flush=True)
    flag = [] if PYTHON.exists() else ["--clear"]
    if subprocess.run([sys.executable, "-m", "venv", *flag, str(VENV)]).returncode != 0:
        sys.exit(f"Could not create {VENV}; remove it and try again.")


def has_pip() -> bool:
    """Whether .venv has a Python that starts and has pip."""
    if not PYTHON.exists():
        return False
    probe = [str(PYTHON), "-c", "import pip"]
    return subprocess.run(probe, capture_output=True).returncode == 0


def install_ensurepip() -> None:
    """Debian ships venv's other half apart; root can fetch it, others are told how."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("Python's venv module is incomplete here: sudo apt-get install -y python3-venv")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-y", "-q", "python3-venv"]):
        if subprocess.run(["apt-get", *command], env=quiet).returncode != 0:
            sys.exit("Could not install python3-venv; try: apt-get install -y python3-venv")


def torch_pin() -> str:
    """The one requirement that is not hashed: its wheel differs from index to index."""
    found = re.search(r"^torch==\S+", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    if not found:
        sys.exit("requirements.in must pin torch as torch==VERSION")
    return found.group()


def install_with_uv(wanted: str) -> bool:
    """Install with uv, ten times faster than pip. False where uv cannot be had or fails."""
    uv = ensure_uv()
    if uv is None:
        return False
    base = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    rest = ["--no-deps", "--require-hashes", "-r", str(ROOT / wanted)]
    environment = uv_environment()
    for command in ([*base, torch_pin()], [*base, *rest]):
        if subprocess.run(command, env=environment).returncode != 0:
            print("uv could not install; falling back to pip.", flush=True)
            return False
    return True


def install_with_pip(wanted: str) -> None:
    """Install with pip; exits when that fails as well."""
    base = [str(PYTHON), "-m", "pip", "install", "--quiet"]
    rest = ["--no-deps", "--require-hashes", "-r", str(ROOT / wanted)]
    for command in ([*base, torch_pin()], [*base, *rest]):
        if subprocess.run(command).returncode != 0:
            sys.exit("The requirements could not be installed; see pip's message above.")


def ensure_uv() -> str | None:
    """Path of uv inside .venv, installed when missing; None when that fails."""
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", UV])
    return str(uv) if uv.exists() else None


def uv_environment() -> dict[str, str]:
    """The environment with pip's configured indexes handed on to uv, which does not read them.

    Without find-links, a machine that keeps a CPU build of torch at hand would fetch gigabytes
    of CUDA instead.
    """
    environment = dict(os.environ)
    configured = pip_configuration()
    if "find-links" in configured:
        environment.setdefault("UV_FIND_LINKS", ",".join(configured["find-links"]))
    if "index-url" in configured:
        environment.setdefault("UV_DEFAULT_INDEX", configured["index-url"][0])
    if "extra-index-url" in configured:
        environment.setdefault("UV_EXTRA_INDEX_URL", " ".join(configured["extra-index-url"]))
        # As pip does: the pinned version may be in any of the indexes; hashes keep this safe.
        environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if "cert" in configured:
        environment.setdefault("SSL_CERT_FILE", configured["cert"][0])
    return environment


def pip_configuration() -> dict[str, list[str]]:
    """pip's options from its files and the environment: name to words, the environment last."""
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True).stdout
    options: dict[str, list[str]] = {}
    lines = sorted(listed.splitlines(), key=lambda line: line.startswith(":env:"))
    for line in lines:
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in {"global", "install", ":env:"} and value:
            options[name] = str(ast.literal_eval(value)).split()
    return options


def compile_pins() -> None:
    """Write both requirements files anew, keeping present pins that still fit."""
    uv = ensure_uv()
    if uv is None:
        sys.exit("make lock needs uv; pip install uv failed.")
    environment = uv_environment()
    # Hashes must come from the public index alone: a mirror may hold only some of the files.
    for name in ("UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_STRATEGY"):
        environment.pop(name, None)
    # 3.11.2 is Debian 12's, and needs one package more than later ones.
    options = "--python-version 3.11.2 --no-emit-package torch --generate-hashes --no-annotate"
    options += " --override requirements-overrides.in"
    for wanted in (RUNTIME, DEV):
        source = wanted.replace(".txt", ".in")
        header = "torch is installed before the rest, by itself."
        if wanted == DEV:
            header = f"Holds all of {RUNTIME} too; {header}"
        target = ROOT / wanted
        constraints = [] if wanted == RUNTIME else ["-c", str(ROOT / RUNTIME)]
        command = [uv, "pip", "compile", *options.split(), "--quiet", "--no-header", *constraints]
        subprocess.run([*command, source, "-o", str(target)], env=environment, cwd=ROOT, check=True)
        title = f"# Made by `make lock` from {source}; edit that file instead. {header}\n"
        target.write_text(title + target.read_text())


if __name__ == "__main__":
    main(sys.argv[1:])
