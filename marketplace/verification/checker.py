"""Checks a saved proof.json offline: needs this code and a public key, no server and no settings.

python -m marketplace.verification.checker proof.json --keys bracket-proof-keys.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from marketplace.verification.envelope import (
    MAX_BYTES,
    Checked,
    KeyFileError,
    PublishedKey,
    check,
    read_key,
    read_key_set,
)

VALID, INVALID, UNUSABLE = 0, 1, 2
"""Exit codes; the last one is for files that cannot be read, as command lines use it."""


def given_keys(key: Path | None, keys: Path | None) -> dict[str, PublishedKey]:
    """The keys in the named files: one public key, or a saved set of published keys.

    Raises:
        KeyFileError: when a file cannot be read or is something else.
    """
    found: dict[str, PublishedKey] = {}
    for path, read in ((key, read_key), (keys, read_key_set)):
        if path is not None:
            try:
                found |= read(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError):
                raise KeyFileError(f"{path} cannot be read") from None
            except KeyFileError as error:
                raise KeyFileError(f"{path} {error}") from None
    return found


def check_file(path: Path, keys: Mapping[str, PublishedKey]) -> Checked:
    """The check of a file. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        return check(file.read(MAX_BYTES + 1), keys)


def told(checked: Checked) -> list[str]:
    """The outcome in lines for people: the verdict first, then what the document says."""
    if not checked.valid or checked.document is None:
        return [f"INVALID: {checked.reason}"]
    document = checked.document
    lines = [
        f"VALID: {checked.reason}",
        f"  signed   {document['signed_at']} by {document['issuer']}",
        f"  listing  {document['listing']['title']} ({document['listing']['address']}), "
        f"version {document['version']['number']}",
        f"  tier     {document['tier']['name']}",
    ]
    if (report := document["report"]) is not None:
        lines.append(
            f"  verdict  {report['verdict']}: {report['samples_reproduced']} reproduced of "
            f"{report['samples_rerun']} re-run, {report['samples_total']} in all"
        )
    if (sheet := document["consistency"]) is not None:
        lines.append(f"  sheet    {len(sheet['sheet'])} pictures of values nobody picked")
    if (override := document["override"]) is not None:
        lines.append(f"  override by {override['moderator']}: {override['note']}")
    return [_printable(line) for line in lines]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m marketplace.verification.checker", description=__doc__
    )
    parser.add_argument("file", type=Path, help="a saved proof.json")
    parser.add_argument("--key", type=Path, help="a public key: PEM, or 32 bytes of base64")
    parser.add_argument("--keys", type=Path, help="a saved bracket-proof-keys.json")
    given = parser.parse_args(arguments)
    if given.key is None and given.keys is None:
        parser.error("name a key: --key FILE or --keys FILE")
    try:
        checked = check_file(given.file, given_keys(given.key, given.keys))
    except (OSError, KeyFileError) as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    sys.stdout.write("\n".join(told(checked)) + "\n")
    return VALID if checked.valid else INVALID


def _printable(line: str) -> str:
    """Without control characters: a title must not be able to redraw a terminal."""
    return "".join(character if character.isprintable() else "?" for character in line)


if __name__ == "__main__":
    sys.exit(main())
