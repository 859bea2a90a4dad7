"""A worker's copy index: in step with PostgreSQL whatever commits when, and equal to its scan."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.verification import corpora, hash_search
from marketplace.verification.hash_search import Candidate, HashKind, Probe, Source
from tests.factories.hashes import code, flipped, hashed_picture, make_hashed_samples, set_hashes
from workers.fingerprints.hashes import DEFINITION_VERSION
from workers.search import index as index_module
from workers.search import loader
from workers.search.index import CopyIndex, copy_index

PLENTY = 2**30


@pytest.fixture
def index(services: Services) -> CopyIndex:
    return CopyIndex(services.database, PLENTY)


def probe(seed: int, flips: int = 0, orientation: str = "upright") -> Probe:
    return Probe(
        orientation, flipped(code(seed), flips, seed), flipped(code(seed + 10_000), flips, seed)
    )


def found_samples(index: CopyIndex, session: Session, seed: int) -> list[str | None]:
    return [one.sample_id for one in index.search(session, [probe(seed)])]


def add_corpus(session: Session, name: str, seeds: list[int], quality: int = 90) -> str:
    corpus = corpora.open_corpus(session, name, "CC0")
    pictures = [hashed_picture(f"{seed}.png", seed, quality) for seed in seeds]
    corpora.store_items(session, corpus.id, pictures)
    session.commit()
    return corpus.id


def test_samples_and_corpora_are_found_at_their_distance(
    services: Services, session: Session, index: CopyIndex
) -> None:
    trusted, other = make_hashed_samples(session, services.vault, [1, 2])
    add_corpus(session, "Old masters", [3])
    (hit,) = index.search(session, [probe(9), probe(1, flips=31, orientation="mirrored")])
    assert hit == Candidate(Source.SAMPLE, trusted.id, None, 31, "mirrored", HashKind.PDQ)
    assert index.search(session, [probe(1, flips=32)]) == []
    (hit,) = index.search(session, [probe(3, flips=4)])
    assert (hit.source, hit.distance, hit.sample_id) == (Source.CORPUS, 4, None)
    assert index.search(session, [probe(3)], sources=[Source.SAMPLE]) == []
    assert len(index.search(session, [probe(2)], radius=256)) == 3
    assert found_samples(index, session, 2) == [other.id]


def test_quality_decides_which_hash_counts(
    services: Services, session: Session, index: CopyIndex
) -> None:
    (flat,) = make_hashed_samples(session, services.vault, [1], quality=4)
    (poor,) = make_hashed_samples(session, services.vault, [2], quality=49)
    session.commit()
    pdq_only = Probe("upright", code(2), bytes(32))
    dct_only = Probe("upright", bytes(32), code(10_002))
    assert flat.pdq == code(1)
    assert index.search(session, [probe(1)]) == [], "hashes say nothing about a plain picture"
    assert index.search(session, [pdq_only]) == []
    (hit,) = index.search(session, [dct_only])
    assert (hit.sample_id, hit.hash) == (poor.id, HashKind.DCT256)


def test_equal_to_the_database_on_everything(
    services: Services, session: Session, index: CopyIndex
) -> None:
    rng = np.random.default_rng(3)
    for quality in (3, 20, 49, 50, 90):
        make_hashed_samples(session, services.vault, list(rng.integers(1, 9, 3)), quality)
        add_corpus(session, f"Of quality {quality}", [1, 4, 7], quality)
    for seed in range(1, 10):
        for radius in (0, 31, 120):
            asked = [probe(seed, flips=int(rng.integers(0, 40))), probe(seed + 1, 3, "turned")]
            expected = hash_search.scan(session, asked, DEFINITION_VERSION, radius)
            assert index.search(session, asked, radius) == expected
    assert hash_search.scan(session, [], DEFINITION_VERSION) == []
    assert index.search(session, []) == []


def test_new_changed_and_deleted_samples_are_followed(
    services: Services, session: Session, index: CopyIndex
) -> None:
    (first,) = make_hashed_samples(session, services.vault, [1])
    session.commit()
    assert found_samples(index, session, 1) == [first.id]
    (second,) = make_hashed_samples(session, services.vault, [2])
    session.commit()
    assert found_samples(index, session, 2) == [second.id]
    set_hashes(second, 3)
    session.commit()
    assert found_samples(index, session, 2) == []
    assert found_samples(index, session, 3) == [second.id]
    set_hashes(second, 3, quality=20)  # now found by the other hash
    session.commit()
    (hit,) = index.search(session, [probe(3)])
    assert hit.hash is HashKind.DCT256
    session.delete(first)
    session.commit()
    assert found_samples(index, session, 1) == []
    second.fingerprint_version = DEFINITION_VERSION + 1
    session.commit()
    assert found_samples(index, session, 3) == [], "other definitions are not compared"


def test_a_late_commit_is_not_missed(
    services: Services, session: Session, index: CopyIndex
) -> None:
    """The slow transaction takes its numbers first and commits after the index has read on."""
    make_hashed_samples(session, services.vault, [90])  # with rows that both sides share
    session.commit()
    (slow,) = make_hashed_samples(session, services.vault, [1])
    with services.database.new_session() as quick:
        (fast,) = make_hashed_samples(quick, services.vault, [2])
        quick.commit()
        assert found_samples(index, quick, 2) == [fast.id]
        assert found_samples(index, quick, 1) == []
        (faster,) = make_hashed_samples(quick, services.vault, [3])
        quick.commit()
        assert found_samples(index, quick, 3) == [faster.id]
        entries = quick.execute(text("SELECT max(id), max(changed_in) FROM copy_index_entries"))
        newest_id, newest_transaction = entries.one()
        session.commit()
        late = quick.execute(
            text("SELECT id, changed_in FROM copy_index_entries WHERE sample_id = :id"),
            {"id": slow.id},
        ).one()
        assert late.id < newest_id, "else the test shows nothing"
        assert late.changed_in < newest_transaction
        assert found_samples(index, quick, 1) == [slow.id]


def test_a_change_that_began_before_loading_is_not_missed(
    services: Services, session: Session, index: CopyIndex
) -> None:
    (sample,) = make_hashed_samples(session, services.vault, [1])
    session.commit()
    set_hashes(sample, 5)
    session.flush()
    with services.database.new_session() as other:
        assert found_samples(index, other, 1) == [sample.id], "loads while the change is open"
        session.commit()
        assert found_samples(index, other, 5) == [sample.id]
        assert found_samples(index, other, 1) == []


def test_what_is_rolled_back_never_appears(
    services: Services, session: Session, index: CopyIndex
) -> None:
    make_hashed_samples(session, services.vault, [1])
    index.catch_up()
    session.rollback()
    assert found_samples(index, session, 1) == []


def test_catching_up_reads_only_what_is_new(services: Services, session: Session) -> None:
    make_hashed_samples(session, services.vault, [1, 2, 3])
    session.commit()
    since = loader.horizon(session)
    assert list(loader.pages(session, Source.SAMPLE, DEFINITION_VERSION, since)) == []
    make_hashed_samples(session, services.vault, [4])
    session.commit()
    (page,) = loader.pages(session, Source.SAMPLE, DEFINITION_VERSION, since)
    assert page.pdq.tobytes() == code(4)
    assert page.dct256.tobytes() == code(10_004)
    assert page.quality.tolist() == [90]


def test_pages_hold_everything_in_order(
    services: Services, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_hashed_samples(session, services.vault, list(range(7)))
    monkeypatch.setattr(loader, "PAGE_ROWS", 3)
    pages = list(loader.pages(session, Source.SAMPLE, DEFINITION_VERSION))
    assert [len(page.numbers) for page in pages] == [3, 3, 1]
    numbers = np.concatenate([page.numbers for page in pages])
    assert np.all(np.diff(numbers) > 0)
    stored = sorted(row.tobytes() for page in pages for row in page.pdq)
    assert stored == sorted(code(seed) for seed in range(7))


def test_a_removed_corpus_leaves_the_memory(session: Session, index: CopyIndex) -> None:
    kept, dropped = add_corpus(session, "Kept", [1]), add_corpus(session, "Dropped", [2])
    assert len(index.search(session, [probe(2)])) == 1
    while corpora.remove_some(session, dropped):
        session.commit()
    session.commit()
    assert index.search(session, [probe(2)]) == []
    assert len(index.search(session, [probe(1)])) == 1
    assert index._parts is not None
    assert len(index._parts.indexes[Source.CORPUS, HashKind.PDQ]) == 1
    assert index._parts.corpora == {kept}


def test_items_that_vanish_are_forgotten(session: Session, index: CopyIndex) -> None:
    add_corpus(session, "Some", [1, 2])
    index.catch_up()
    session.execute(text("DELETE FROM corpus_items WHERE ref = '1.png'"))
    session.commit()
    assert index.search(session, [probe(1)]) == []
    assert index._parts is not None
    assert len(index._parts.indexes[Source.CORPUS, HashKind.PDQ]) == 1


def test_many_changes_at_once_are_loaded_anew(
    services: Services, session: Session, index: CopyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "BULK", 2)
    index.catch_up()
    samples = make_hashed_samples(session, services.vault, [1, 2, 3])
    session.commit()
    assert found_samples(index, session, 3) == [samples[2].id]
    assert index._parts is not None
    assert index._parts.indexes[Source.SAMPLE, HashKind.PDQ].tail_length == 0


def test_without_memory_the_database_answers(
    services: Services, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    (sample,) = make_hashed_samples(session, services.vault, [1])
    session.commit()
    small = CopyIndex(services.database, max_bytes=99)
    for _ in range(2):
        assert found_samples(small, session, 1) == [sample.id]
    assert small.nbytes == 0
    assert len(caplog.records) == 1, "said once"


def test_an_index_that_outgrows_its_memory_steps_aside(
    services: Services, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "BYTES_PER_CODE", 0)
    growing = CopyIndex(services.database, max_bytes=1)
    growing.catch_up()
    monkeypatch.undo()
    (sample,) = make_hashed_samples(session, services.vault, [1])
    session.commit()
    assert found_samples(growing, session, 1) == [sample.id]
    assert growing.nbytes == 0


def test_one_index_a_process_and_database(services: Services) -> None:
    assert copy_index(services) is copy_index(services)
    assert copy_index(services).nbytes == 0, "loaded at its first search, not before"
    gc.collect()
    assert copy_index(services) is copy_index(services)
