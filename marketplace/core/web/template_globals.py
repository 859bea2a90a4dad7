"""Filters and globals of all templates."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

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


def utc(moment: datetime | None) -> str:
    """A moment to the minute, such as 3 Nov 2026, 12:00 UTC."""
    if moment is None:
        return ""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%b %Y, %H:%M} UTC"


def init_template_globals(app: Flask) -> None:
    """Register everything templates may call."""

    app.jinja_env.filters.update(money=money, ago=ago, day=day, utc=utc)
    app.jinja_env.globals.update(
        may=may,
        Permission=Permission,
        now=now,
    )
