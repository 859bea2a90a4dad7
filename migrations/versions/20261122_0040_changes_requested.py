"""A state of its own for listings whose moderator asks for changes.

Why: sellers read "rejected" where a few minutes at the keyboard would do.

Revision ID: 0034
Revises: 0033
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BEFORE = ("draft", "verifying", "in_review", "live", "rejected", "withdrawn")
COLUMNS = (("listings", "state", "listing_state"), ("listing_versions", "edit_state", "edit_state"))
# The newest decided case of the version that was turned away says which of the two it was.
LISTINGS = """
UPDATE listings SET state = 'changes_requested'
WHERE state = 'rejected' AND 'changes_requested' = (
    SELECT c.state FROM moderation_cases c
    WHERE c.version_id = listings.version_id AND c.state IN ('rejected', 'changes_requested')
    ORDER BY c.decided_at DESC LIMIT 1)
"""
EDITS = """
UPDATE listing_versions SET edit_state = 'changes_requested'
WHERE edit_state = 'rejected' AND 'changes_requested' = (
    SELECT c.state FROM moderation_cases c
    WHERE c.version_id = listing_versions.id AND c.state IN ('rejected', 'changes_requested')
    ORDER BY c.decided_at DESC LIMIT 1)
"""


def upgrade() -> None:
    _allow("changes_requested", *BEFORE)
    op.execute(LISTINGS)
    op.execute(EDITS)


def downgrade() -> None:
    op.execute("UPDATE listings SET state = 'rejected' WHERE state = 'changes_requested'")
    op.execute(
        "UPDATE listing_versions SET edit_state = 'rejected' WHERE edit_state = 'changes_requested'"
    )
    _allow(*BEFORE)


def _allow(*states: str) -> None:
    for table, column, name in COLUMNS:
        allowed = ", ".join(f"'{state}'" for state in states)
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(name, table, f"{column} IN ({allowed})")
