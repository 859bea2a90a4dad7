"""Addresses in templates: Flask's, remembered, because a page of results has hundreds of them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context, request, url_for
from markupsafe import Markup, escape
from werkzeug.routing import BuildError

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""What stands in an address as it is."""
_MARK = "0mark{}mark0"


def init_addresses(app: Flask) -> None:
    """Register what templates build addresses with."""

    @lru_cache(maxsize=256)
    def asset_path(root: str, name: str, changed: float) -> str:
        content = (Path(str(app.static_folder)) / name).read_bytes()
        return url_for("static", filename=name, v=hashlib.sha256(content).hexdigest()[:12])

    def asset_url(name: str) -> str:
        """Address of a static file, with its content's hash so that it can be cached for ever."""
        # os.stat, not Path.stat: every page asks a dozen times, and a Path costs more than that.
        changed = os.stat(f"{app.static_folder}/{name}").st_mtime
        return asset_path(request.script_root, name, changed)

    app.jinja_env.globals.update(
        asset_url=asset_url, media_url=media_url, srcset=srcset, url_for=address_of
    )


def address_of(endpoint: str, **values: Any) -> str:
    """Flask's url_for, which works out an endpoint's address once and then only fills it in."""
    if endpoint.startswith(".") or not has_request_context():
        return url_for(endpoint, **values)
    for name, value in values.items():
        if name[0] == "_" or type(value) is not str or not _PLAIN.fullmatch(value):
            return url_for(endpoint, **values)
    pattern = _pattern(request.script_root, endpoint, tuple(values))
    return url_for(endpoint, **values) if pattern is None else pattern % values


@lru_cache(maxsize=1_000)
def _pattern(root: str, endpoint: str, names: tuple[str, ...]) -> str | None:
    """The address with a place for each value; None where it is made in another way from them."""
    marks: dict[str, Any] = {name: _MARK.format(name) for name in names}
    try:
        address = url_for(endpoint, **marks).replace("%", "%%")
    except (BuildError, ValueError):
        return None
    for name, mark in marks.items():
        if address.count(mark) != 1:
            return None
        address = address.replace(mark, f"%({name})s")
    return address


@lru_cache(maxsize=50_000)
def _media_path(root: str, name: str) -> str:
    return url_for("media.public_file", name=name)


def media_url(name: str) -> str:
    """Address of a public picture by its content-addressed name."""
    return _media_path(request.script_root, name)


def srcset(derivatives: Sequence[Mapping[str, Any]], kind: str) -> Markup:
    """A picture's widths for the attribute of that name; ``kind`` is "webp" or "jpeg"."""
    root = request.script_root
    return escape(", ".join(f"{_media_path(root, d[kind])} {d['width']}w" for d in derivatives))
