"""Uploads that must not touch the disk: large files would go through temporary ones otherwise."""

from __future__ import annotations

import io
from typing import IO, Any

from flask import Blueprint, Flask, Request, request
from werkzeug.exceptions import RequestEntityTooLarge

MAX_TABLE_BYTES = 8_000_000
"""Of an uploaded table, whose own page says how much less it may be."""


class BoundedMemory(io.BytesIO):
    """A file in memory that refuses to grow, whatever its form may hold besides."""

    def write(self, data: Any, /) -> int:
        """Add to it. Raises RequestEntityTooLarge."""
        if self.tell() + len(data) > MAX_TABLE_BYTES:
            raise RequestEntityTooLarge
        return super().write(data)


class BracketRequest(Request):
    """A request whose files may be kept in memory alone."""

    files_in_memory = False

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        """Where the parser writes an uploaded file to; werkzeug's own name for the hook."""
        # Tables of listings hold prompts.
        if (filename or "").lower().endswith(".csv"):
            return BoundedMemory()
        if self.files_in_memory:
            return io.BytesIO()
        return super()._get_file_stream(
            total_content_length, content_type, filename, content_length
        )


def init_uploads(app: Flask) -> None:
    """Use the request above."""
    app.request_class = BracketRequest


def keep_files_in_memory(target: Blueprint, endpoint: str, most: int) -> None:
    """Let an endpoint's form hold so many bytes, none of which is written to a file.

    A preprocessor, because it has to come before anybody reads the form.
    """

    @target.url_value_preprocessor
    def keep(name: str | None, values: dict[str, Any] | None) -> None:
        if name == endpoint:
            request.max_content_length = most
            request.files_in_memory = True  # type: ignore[attr-defined]
