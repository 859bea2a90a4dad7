"""flask proof: check signed reports, look after the keys that sign them."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.verification import checker, proofs
from marketplace.verification.envelope import KeyFileError, PublishedKey, moment_text

proof = AppGroup("proof", help="Signed verification reports.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@proof.command("verify")
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, help="One public key: PEM, or 32 bytes of base64.")
@click.option("--keys", type=FILE, help="A saved /.well-known/bracket-proof-keys.json.")
def verify(file: Path, key: Path | None, keys: Path | None) -> None:
    """Check a saved proof.json; exit code 0 when it is valid, 1 when it is not.

    With --key or --keys nothing is asked of any server; without them the keys are those that
    have signed on this installation.
    """
    try:
        trusted = checker.given_keys(key, keys) if key or keys else _own_keys()
        checked = checker.check_file(file, trusted)
    except (OSError, KeyFileError) as error:
        raise click.UsageError(str(error)) from None
    for line in checker.told(checked):
        click.echo(line)
    if not checked.valid:
        raise SystemExit(checker.INVALID)


@proof.command("keys")
def list_keys() -> None:
    """List the public keys, newest first, with the time in which each one signs."""
    for key in _own_keys().values():
        start = moment_text(key.not_before) if key.not_before else "always"
        end = moment_text(key.not_after) if key.not_after else "now"
        click.echo(f"{key.key_id}  from {start} to {end}")


@proof.command("retire-key")
@click.argument("key_id")
def retire_key(key_id: str) -> None:
    """End a key's time at once, grace included. What it signed before stays valid."""
    with unit_of_work(services().database) as session:
        if not proofs.retire_key(session, key_id):
            raise click.ClickException("There is no such key in use.")
    click.echo(f"{key_id} signs nothing more.")


def _own_keys() -> dict[str, PublishedKey]:
    parts = services()
    with unit_of_work(parts.database) as session:
        return proofs.published_keys(session, proofs.signer_of(parts.settings).key)
