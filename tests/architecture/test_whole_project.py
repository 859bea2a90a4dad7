"""Cheap checks of everything at once: templates, routes, migrations, sizes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import create_engine, inspect

from marketplace.core.migrate import downgrade, upgrade
from marketplace.registry import METADATA

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
LIBRARY_BLUEPRINTS = {"security", "static"}
CHANGE_NOTHING = {"discovery/image.html"}
"""Pages whose only form reads what it is given and leaves nothing behind: exempt in the factory."""
LIBRARY_ENDPOINTS = {"security_static", "_fs_static"}


def pages() -> list[Path]:
    """Templates that are rendered directly."""
    skip = {"layouts", "macros", "email"}
    return [
        path for path in TEMPLATES if not path.name.startswith("_") and path.parent.name not in skip
    ]


def test_every_template_compiles(app: Flask) -> None:
    for path in TEMPLATES:
        app.jinja_env.get_template(str(path.relative_to(ROOT / "templates")))


def test_every_page_has_a_title_and_the_base_layout() -> None:
    wrong = [
        str(path)
        for path in pages()
        if "{% extends" not in path.read_text() or "{% block title %}" not in path.read_text()
    ]
    assert wrong == []


def test_no_template_holds_inline_script_style_or_foreign_address() -> None:
    inline = re.compile(
        r"<script(?![^>]*(src=|type=\"application/(ld\+)?json\"))|\sstyle=\"|\son[a-z]+=\""
    )
    foreign = re.compile(r"(?:src|href)=\"(?:https?:)?//")
    wrong = [
        str(path)
        for path in TEMPLATES
        if inline.search(path.read_text()) or foreign.search(path.read_text())
    ]
    assert wrong == []


def test_every_form_that_posts_carries_the_token() -> None:
    wrong = []
    for path in TEMPLATES:
        if str(path.relative_to(ROOT / "templates")) in CHANGE_NOTHING:
            continue
        for form in re.findall(
            r"<form[^>]*method=\"post\".*?</form>", path.read_text(), re.S | re.I
        ):
            if "csrf" not in form and "hidden_tag" not in form:
                wrong.append(str(path))
    assert wrong == []


def test_every_view_says_who_may_enter(app: Flask) -> None:
    """A view without a guard is a view that nobody thought about."""
    wrong = []
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if blueprint in LIBRARY_BLUEPRINTS or rule.endpoint in LIBRARY_ENDPOINTS:
            continue
        view = app.view_functions[rule.endpoint]
        if not hasattr(view, "guard"):
            wrong.append(rule.endpoint)
    assert wrong == []


def test_the_public_contract_is_there(app: Flask) -> None:
    paths = {str(rule) for rule in app.url_map.iter_rules()}
    assert paths >= {
        "/",
        "/browse",
        "/p/<path>",
        "/p/<path>/proof",
        "/p/<path>/proof.json",
        "/.well-known/bracket-proof-keys.json",
        "/schemas/proof-1.json",
        "/s/<handle>",
        "/c/<slug>",
        "/c/<slug>/feed.xml",
        "/m/<slug>",
        "/sitemap.xml",
        "/sell",
        "/sell/new",
        "/sell/<listing_id>",
        "/moderate",
        "/moderate/<case_id>",
        "/library",
        "/webhooks/stripe",
        "/webhooks/stripe-connect",
        "/guidelines",
        "/healthz",
        "/readyz",
    }


def test_models_and_migrations_agree(fresh_database_url: str) -> None:
    engine = create_engine(fresh_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_migrations_can_be_undone_and_done_again(fresh_database_url: str) -> None:
    downgrade(fresh_database_url, "base")
    engine = create_engine(fresh_database_url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    upgrade(fresh_database_url)


def test_types_are_checked_strictly_where_money_is() -> None:
    """All that `mypy --strict` means and a single module can be asked for."""
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert {"marketplace", "workers", "local"} <= set(mypy["files"])
    (rule,) = [rule for rule in mypy["overrides"] if "marketplace.orders.*" in rule["module"]]
    packages = {"gateways", "orders", "payouts", "stripe_events"}
    wanted = {f"marketplace.{name}.*" for name in packages} | {"local.stripe.*"}
    assert wanted <= set(rule["module"])
    on = {name for name, value in rule.items() if value is True}
    assert on == {
        *("check_untyped_defs", "disallow_any_generics", "disallow_incomplete_defs"),
        *("disallow_subclassing_any", "disallow_untyped_calls", "disallow_untyped_decorators"),
        *("disallow_untyped_defs", "extra_checks", "strict_equality", "warn_return_any"),
        "warn_unused_ignores",
    }
    assert rule["implicit_reexport"] is False


def test_files_stay_readable() -> None:
    """Not a law of nature: a file this long has a second thing in it."""
    folders = ("marketplace", "workers", "demo", "local")
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 320
    }
    assert long == {}
