"""Answers are sent packed where the browser takes it: a page's words weigh a fifth of themselves.

Not the pages of people who are signed in: their length must say nothing about the tokens in them.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request, session

SMALLEST = 1_000
"""Bytes below which packing saves nothing worth the time."""
PAGE_LEVEL, STATIC_LEVEL = 5, 9
KINDS = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/rss+xml",
        "application/xml",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
        "text/xml",
    }
)


def init_compression(app: Flask) -> None:
    """Add gzip to every response that gains by it; static files are packed once."""

    @lru_cache(maxsize=256)
    def packed_file(tag: str, data: bytes) -> bytes:
        return gzip.compress(data, STATIC_LEVEL, mtime=0)

    @app.after_request
    def pack(response: Response) -> Response:
        if not _gains(response):
            return response
        response.vary.add("Accept-Encoding")
        if "gzip" not in request.accept_encodings or _is_personal():
            return response
        response.direct_passthrough = False
        data = response.get_data()
        if len(data) < SMALLEST:
            return response
        tag, _ = response.get_etag()
        if request.endpoint == "static" and tag:
            response.set_data(packed_file(tag, data))
        else:
            response.set_data(gzip.compress(data, PAGE_LEVEL, mtime=0))
        if tag:
            response.set_etag(tag, weak=True)  # other bytes of the same thing
        response.headers["Content-Encoding"] = "gzip"
        return response


def _gains(response: Response) -> bool:
    if request.method != "GET" or response.status_code in (204, 206, 304):
        return False
    if response.mimetype not in KINDS or "Content-Encoding" in response.headers:
        return False
    # What is streamed comes bit by bit and is never held whole; our own files are small.
    return request.endpoint == "static" or not (response.direct_passthrough or response.is_streamed)


def _is_personal() -> bool:
    return request.endpoint != "static" and "_user_id" in session
