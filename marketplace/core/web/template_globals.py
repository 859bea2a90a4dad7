"""Filters and globals of all templates."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for

from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import may


def money(cents: int | Money) -> str:
    """Cents as dollars, for example $2.99."""
    return str(cents if isinstance(cents, Money) else Money(cents))


def ago(moment: datetime | None) -> str:
    """A moment as people say it: "just now", "5 minutes ago", "3 Nov 2026"."""
    if moment is None:
        return "never"
    seconds = (now() - moment).total_seconds()
    if seconds < 60:
        return "just now"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count >= 1:
            if unit == "day" and count > 13:
                break
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return f"{moment.day} {moment:%b %Y}"


def day(moment: datetime | None) -> str:
    """A date such as 3 Nov 2026."""
    return f"{moment.day} {moment:%b %Y}" if moment else ""


def init_template_globals(app: Flask) -> None:
    """Register everything templates may call."""

    @lru_cache(maxsize=256)
    def digest(name: str, changed: float) -> str:
        return hashlib.sha256((Path(str(app.static_folder)) / name).read_bytes()).hexdigest()[:12]

    def asset_url(name: str) -> str:
        """Address of a static file, with its content's hash so that it can be cached for ever."""
        changed = (Path(str(app.static_folder)) / name).stat().st_mtime
        return url_for("static", filename=name, v=digest(name, changed))

    @lru_cache(maxsize=50_000)
    def media_path(root: str, name: str) -> str:
        return url_for("media.public_file", name=name)

    def media_url(name: str) -> str:
        """Address of a public picture by its content-addressed name.

        Remembered: a page of results has a hundred and fifty, and they took a tenth of its time.
        """
        return media_path(request.script_root, name)

    app.jinja_env.filters.update(money=money, ago=ago, day=day)
    app.jinja_env.globals.update(
        asset_url=asset_url, media_url=media_url, may=may, Permission=Permission, now=now
    )


def pictures(derivatives: list[dict[str, Any]]) -> dict[str, Any]:
    """What an <img> needs of a row's derivatives: srcsets per format, size and fallback."""
    widest = derivatives[-1]
    return {
        "webp": [(d["webp"], d["width"]) for d in derivatives],
        "jpeg": [(d["jpeg"], d["width"]) for d in derivatives],
        "src": widest["jpeg"],
        "width": widest["width"],
        "height": widest["height"],
    }
