"""Notifications of whatever changes what strangers see, so that kept pages are thrown away.

Why: pages for visitors without an account are kept in memory. Sent by the database itself, the
notice leaves with the very commit that changes something, whatever program made it. Who adds a
table whose rows are shown on a kept page gives it the trigger `pages_changed` too; a test asks.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE FUNCTION pages_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Equal notices of one transaction are sent once.
    PERFORM pg_notify('bracket_pages', '');
    RETURN NULL;
END $$
"""
# Name, table, moment, condition. Conditions are those under which a stranger could see it.
TRIGGERS = (
    ("new", "listings", "INSERT", "NEW.state = 'live'"),
    ("gone", "listings", "DELETE", "OLD.state = 'live'"),
    (
        "changed",
        "listings",
        "UPDATE",
        "(OLD.state = 'live' OR NEW.state = 'live') AND OLD IS DISTINCT FROM NEW",
    ),
    (
        "changed",
        "listing_versions",
        "UPDATE",
        "(OLD.degraded_since, OLD.fix_by) IS DISTINCT FROM (NEW.degraded_since, NEW.fix_by)",
    ),
    ("new", "verification_runs", "INSERT", "NEW.state = 'completed'"),
    (
        "changed",
        "verification_runs",
        "UPDATE OF state, verdict",
        "(OLD.state = 'completed' OR NEW.state = 'completed') "
        "AND (OLD.state, OLD.verdict) IS DISTINCT FROM (NEW.state, NEW.verdict)",
    ),
    ("new", "consistency_reports", "INSERT", "NEW.state = 'completed'"),
    (
        "changed",
        "consistency_reports",
        "UPDATE OF state, summary",
        "NEW.state = 'completed' AND OLD IS DISTINCT FROM NEW",
    ),
    ("changed", "copy_hits", "INSERT OR UPDATE OR DELETE", ""),
    ("changed", "samples", "UPDATE OF derivatives, alt", "OLD IS DISTINCT FROM NEW"),
    ("changed", "sample_checks", "UPDATE OF derivatives, band", "OLD IS DISTINCT FROM NEW"),
    ("changed", "seller_profiles", "UPDATE", "OLD IS DISTINCT FROM NEW"),
    ("new", "search_documents", "INSERT", ""),
    ("gone", "search_documents", "DELETE", ""),
    (
        # Not by sales and what is trending: with each sale every page would have to be made anew.
        "changed",
        "search_documents",
        "UPDATE",
        "(OLD.facets, OLD.price_cents, OLD.verified, OLD.consistency, OLD.rating_sum, "
        "OLD.rating_count, OLD.title_key, OLD.published_at) IS DISTINCT FROM "
        "(NEW.facets, NEW.price_cents, NEW.verified, NEW.consistency, NEW.rating_sum, "
        "NEW.rating_count, NEW.title_key, NEW.published_at)",
    ),
    ("changed", "listing_ratings", "INSERT OR UPDATE OR DELETE", ""),
    ("changed", "reviews", "INSERT OR UPDATE OR DELETE", ""),
    ("changed", "categories", "INSERT OR UPDATE OR DELETE", None),
    ("changed", "target_models", "INSERT OR UPDATE OR DELETE", None),
)


def upgrade() -> None:
    op.execute(FUNCTION)
    for name, table, moment, condition in TRIGGERS:
        when = f"WHEN ({condition})" if condition else ""
        scope = "FOR EACH STATEMENT" if condition is None else "FOR EACH ROW"
        op.execute(
            f"CREATE TRIGGER pages_{name} AFTER {moment} ON {table} "
            f"{scope} {when} EXECUTE FUNCTION pages_changed()"
        )


def downgrade() -> None:
    for name, table, _, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER pages_{name} ON {table}")
    op.execute("DROP FUNCTION pages_changed")
