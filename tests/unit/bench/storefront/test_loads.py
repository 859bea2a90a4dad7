"""The storefront bench's own instruments: constant rate, percentiles, reading wrk."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.storefront import open_loop, wrk

SAID = """Running 5s test @ http://127.0.0.1:1
  Latency Distribution
     50%    1.51ms
     75%    2.00ms
     90%    3.00ms
     99%  812.00us
  6231 requests in 5.00s, 12.00MB read
Requests/sec:   1246.20
"""


class Slow(BaseHTTPRequestHandler):
    """Answers one at a time, each after a while."""

    protocol_version = "HTTP/1.1"
    taken = 0.0
    _one = threading.Lock()

    def do_GET(self) -> None:
        with self._one:
            time.sleep(self.taken)
        missing = self.path == "/missing"
        self.send_response(404 if missing else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_requests_are_charged_for_the_queue_they_stood_in(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty a second to a site that manages ten: the last has waited for about a second."""
    monkeypatch.setattr(Slow, "taken", 0.1)
    times = open_loop.stream(site, ["/"], rate=20, seconds=1)
    assert len(times) == 20
    assert times == sorted(times)
    assert times[-1] > 0.8  # a client that waits for answers would have said 0.1


def test_a_page_that_fails_is_no_fast_page(site: str) -> None:
    with pytest.raises(RuntimeError, match="404"):
        open_loop.stream(site, ["/missing"], rate=50, seconds=0.1)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)], ids=str
)
def test_percentiles_by_nearest_rank(share: float, expected: int) -> None:
    assert open_loop.percentile(list(range(1, 101)), share) == expected


def test_what_wrk_says_is_read() -> None:
    assert wrk.read(SAID) == wrk.Load(1246.2, 1.51, 0.812)


def test_bad_answers_are_no_result() -> None:
    with pytest.raises(RuntimeError, match="not answered well"):
        wrk.read(SAID + "  Non-2xx or 3xx responses: 17\n")
