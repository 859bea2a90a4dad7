"""flask corpus: imports what is a picture, survives what is not, goes on where it stopped."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.verification import corpora
from marketplace.verification.corpus_models import Corpus, CorpusHit, CorpusItem
from marketplace.verification.operations import request_run
from tests.factories.listings import picture_bytes
from tests.factories.verification import make_waiting_listing
from workers.fingerprints.hashes import fingerprint
from workers.search import importing
from workers.search.commands import corpus as corpus_group
from workers.search.corpus_hits import TURNS, find_in_corpora

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(app: Flask) -> Invoke:
    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(corpus_group, list(arguments))

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them deeper down."""
    root = tmp_path / "pictures"
    (root / "deep").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.jpg", "deep/c.webp"), start=1):
        fmt = {"png": "PNG", "jpg": "JPEG", "ebp": "WEBP"}[name[-3:]]
        (root / name).write_bytes(picture_bytes(number, fmt))
    return root


def run_import(invoke: Invoke, folder: Path, name: str = "Museum") -> Result:
    return invoke("import", str(folder), "--name", name, "--licence", "CC0", "--note", "Scans.")


def test_every_picture_is_hashed(invoke: Invoke, folder: Path, session: Session) -> None:
    result = run_import(invoke, folder)
    assert result.exit_code == 0, result.output
    assert "3 new, 0 known already, 0 refused; 3 in Museum." in result.output
    items = session.scalars(select(CorpusItem).order_by(CorpusItem.ref)).all()
    assert [item.ref for item in items] == ["a.png", "b.jpg", "deep/c.webp"]
    image = Image.open(folder / "a.png").convert("RGB")
    assert items[0].pdq == fingerprint(image).pdq
    assert items[0].dct256 == fingerprint(image).dct256
    assert "Museum: 3 pictures, CC0. Scans." in invoke("list").output


def test_hostile_files_are_refused_one_by_one(
    invoke: Invoke, folder: Path, session: Session, tmp_path: Path
) -> None:
    (folder / "text.png").write_text("no picture")
    (folder / "cut.png").write_bytes(picture_bytes(5)[:200])
    (folder / "more.png").write_bytes(picture_bytes(6) + b"PK\x03\x04" * 50)
    (folder / "small.png").write_bytes(picture_bytes(7, size=16))
    (folder / "empty.png").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")).write_bytes(picture_bytes(8))
    outside = tmp_path / "outside.png"
    outside.write_bytes(picture_bytes(9))
    (folder / "link.png").symlink_to(outside)
    (folder / "around").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    result = run_import(invoke, folder)
    assert result.exit_code == 0, result.output
    assert "3 new, 0 known already, 6 refused; 3 in Museum." in result.output
    for line in ("too_small: 1", "empty: 1", "trailing_data: 1", "no_text_name: 1"):
        assert f"refused as {line}" in result.output
    assert session.scalars(select(Corpus.refused_count)).one() == 6


def test_an_interrupted_import_goes_on(
    invoke: Invoke, folder: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = importing.hash_file

    def counting(where: Path, ref: str) -> object:
        if ref.startswith("deep") and len(hashed) < 3:
            raise KeyboardInterrupt
        hashed.append(ref)
        return real(where, ref)

    monkeypatch.setattr("workers.search.commands.hash_file", counting)
    monkeypatch.setattr(importing.in_batches, "__defaults__", (2,))
    assert run_import(invoke, folder).exit_code != 0
    assert len(session.scalars(select(CorpusItem.ref)).all()) == 2, "the first batch is safe"
    session.rollback()
    hashed.append("from now on the rest may be hashed")
    result = run_import(invoke, folder)
    assert "1 new, 2 known already, 0 refused; 3 in Museum." in result.output
    assert hashed[-1] == "deep/c.webp"
    assert len(hashed) == 4, "nothing was hashed twice"


def test_old_definitions_are_hashed_anew(invoke: Invoke, folder: Path, session: Session) -> None:
    run_import(invoke, folder)
    before = {item.ref: item.id for item in session.scalars(select(CorpusItem))}
    for item in session.scalars(select(CorpusItem)):
        item.fingerprint_version, item.pdq = 0, bytes(32)
    session.commit()
    assert "3 new" in run_import(invoke, folder).output
    session.expire_all()
    items = session.scalars(select(CorpusItem)).all()
    assert {item.ref: item.id for item in items} == before
    assert all(item.pdq != bytes(32) for item in items)


def test_bad_names_are_told(invoke: Invoke, folder: Path) -> None:
    result = invoke("import", str(folder), "--name", " ", "--licence", "CC0")
    assert result.exit_code == 1
    assert "A corpus needs a name of at most 80 characters." in result.output


def test_removing(invoke: Invoke, folder: Path, session: Session) -> None:
    run_import(invoke, folder)
    assert invoke("remove", "Museum", "--yes").exit_code == 0
    assert session.scalars(select(CorpusItem)).all() == []
    assert invoke("remove", "Museum", "--yes").exit_code == 1


@pytest.mark.parametrize("turn", ["upright", "turned a quarter left", "mirrored"])
def test_a_sample_from_a_corpus_is_told_to_the_moderator(
    invoke: Invoke, folder: Path, session: Session, services: Services, turn: str
) -> None:
    listing = make_waiting_listing(session, services.vault, samples=1)
    version = listing.version
    assert version is not None
    run = request_run(session, version)
    session.commit()
    image = Image.open(folder / "a.png").convert("RGB")
    how = TURNS[turn]
    shown = image if how is None else image.transpose(how)
    sample = version.samples[0]
    assert find_in_corpora(session, services, run, sample, shown) == [], "nothing is imported yet"
    run_import(invoke, folder)
    for _ in range(2):  # a worker may do it again
        (hit,) = find_in_corpora(session, services, run, sample, shown)
    session.commit()
    (row,) = session.scalars(select(CorpusHit)).all()
    (finding,) = corpora.findings(session, run)
    assert finding.severity == "serious"
    assert finding.explanation == (
        f"Sample 1 was found in corpus Museum: a.png ({row.orientation}, "
        f"distance {hit.distance} of 256 bits)."
    )
    assert hit.distance <= 16


def test_a_frame_around_the_picture_hides_nothing(
    invoke: Invoke, folder: Path, session: Session, services: Services
) -> None:
    listing = make_waiting_listing(session, services.vault, samples=1)
    version = listing.version
    assert version is not None
    run = request_run(session, version)
    session.commit()
    run_import(invoke, folder)
    framed = Image.new("RGB", (180, 180), "white")
    framed.paste(Image.open(folder / "a.png").convert("RGB"), (26, 26))
    (hit,) = find_in_corpora(session, services, run, version.samples[0], framed)
    assert hit.orientation == "upright, border removed"
