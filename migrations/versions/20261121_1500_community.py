"""Reviews with exact sums, favourites, follows, collections and saved searches.

Why: buyers tell each other what a prompt is worth, and find again what they liked. A rating's sum
must be right at every moment, so a trigger keeps it rather than whoever writes a review.

Revision ID: 0017
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None

STARS = ("one", "two", "three", "four", "five")
_GIVEN = ", ".join(f"(NEW.rating = {star})::int" for star in range(1, 6))
_ADDED = ", ".join(f"{name} = listing_ratings.{name} + excluded.{name}" for name in STARS)
_TAKEN = ", ".join(
    f"{name} = {name} - (OLD.rating = {star})::int" for star, name in enumerate(STARS, start=1)
)
COUNT = f"""
CREATE FUNCTION count_rating() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.hidden_at IS NULL THEN
        UPDATE listing_ratings SET {_TAKEN} WHERE listing_id = OLD.listing_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.hidden_at IS NULL THEN
        INSERT INTO listing_ratings (listing_id, {", ".join(STARS)})
        VALUES (NEW.listing_id, {_GIVEN})
        ON CONFLICT (listing_id) DO UPDATE SET {_ADDED};
    END IF;
    RETURN NULL;
END $$
"""  # noqa: S608 (constants of this module)
COUNT_TRIGGER = """
CREATE TRIGGER count_rating
AFTER INSERT OR DELETE OR UPDATE OF rating, hidden_at, listing_id ON reviews
FOR EACH ROW EXECUTE FUNCTION count_rating()
"""


def upgrade() -> None:
    _reviews()
    _review_events()
    _listing_ratings()
    op.execute(COUNT)
    op.execute(COUNT_TRIGGER)
    _favourites()
    _follows()
    _collections()
    _saved_searches()
    op.add_column(
        "outgoing_mails", sa.Column("unsubscribe_url", sa.String(length=300), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("outgoing_mails", "unsubscribe_url")
    for table in (
        "saved_searches",
        "collection_items",
        "collections",
        "follow_digests",
        "follows",
        "favourites",
        "listing_ratings",
        "review_events",
        "reviews",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION count_rating")


def _reviews() -> None:
    op.create_table(
        "reviews",
        _id("id"),
        _id("line_id"),
        _id("listing_id"),
        _id("seller_id"),
        _id("author_id"),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("picture", postgresql.JSONB(), nullable=True),
        _created_at(),
        _moment("edited_at", nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        _moment("replied_at", nullable=True),
        _moment("hidden_at", nullable=True),
        sa.Column("hidden_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_reviews_rating_in_range")),
        sa.CheckConstraint("author_id <> seller_id", name=op.f("ck_reviews_not_of_ones_own")),
        sa.CheckConstraint(
            "(hidden_at IS NULL) = (hidden_reason IS NULL)",
            name=op.f("ck_reviews_hidden_says_why"),
        ),
        sa.CheckConstraint(
            "(reply IS NULL) = (replied_at IS NULL)", name=op.f("ck_reviews_reply_has_its_day")
        ),
        _reference("reviews", "line_id", "order_lines"),
        _reference("reviews", "listing_id", "listings"),
        _reference("reviews", "seller_id", "seller_profiles", "user_id"),
        _reference("reviews", "author_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("line_id", name=op.f("uq_reviews_line_id")),
    )
    op.create_index(op.f("ix_reviews_author_id"), "reviews", ["author_id"])
    op.create_index(op.f("ix_reviews_created_at"), "reviews", ["created_at"])
    op.create_index("ix_reviews_seller_id_created_at", "reviews", ["seller_id", "created_at"])
    shown = sa.text("hidden_at IS NULL")
    newest = ["listing_id", "created_at", "id"]
    op.create_index("ix_reviews_newest", "reviews", newest, postgresql_where=shown)
    rated = ["listing_id", "rating", "created_at", "id"]
    op.create_index("ix_reviews_rated", "reviews", rated, postgresql_where=shown)


def _review_events() -> None:
    op.create_table(
        "review_events",
        _id("review_id"),
        _id("id"),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=True),
        sa.Column("to_state", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.String(length=13), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        _reference("review_events", "review_id", "reviews"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_events")),
    )
    op.create_index(op.f("ix_review_events_review_id"), "review_events", ["review_id"])
    op.create_index(op.f("ix_review_events_at"), "review_events", ["at"])


def _listing_ratings() -> None:
    weighed = "one + 2 * two + 3 * three + 4 * four + 5 * five"
    op.create_table(
        "listing_ratings",
        _id("listing_id"),
        *(
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            for name in STARS
        ),
        sa.Column(
            "ratings", sa.Integer(), sa.Computed(" + ".join(STARS), persisted=True), nullable=False
        ),
        sa.Column("stars", sa.Integer(), sa.Computed(weighed, persisted=True), nullable=False),
        sa.CheckConstraint(
            " AND ".join(f"{name} >= 0" for name in STARS),
            name=op.f("ck_listing_ratings_counts_not_negative"),
        ),
        _reference("listing_ratings", "listing_id", "listings", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_listing_ratings")),
    )


def _favourites() -> None:
    op.create_table(
        "favourites",
        _id("user_id"),
        _id("listing_id"),
        _created_at(),
        _reference("favourites", "user_id", "users", ondelete="CASCADE"),
        _reference("favourites", "listing_id", "listings", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "listing_id", name=op.f("pk_favourites")),
    )
    op.create_index(op.f("ix_favourites_listing_id"), "favourites", ["listing_id"])
    op.create_index(op.f("ix_favourites_created_at"), "favourites", ["created_at"])
    op.create_index("ix_favourites_user_id_created_at", "favourites", ["user_id", "created_at"])


def _follows() -> None:
    op.create_table(
        "follows",
        _id("user_id"),
        _id("seller_id"),
        _created_at(),
        _reference("follows", "user_id", "users", ondelete="CASCADE"),
        _reference("follows", "seller_id", "seller_profiles", "user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "seller_id", name=op.f("pk_follows")),
    )
    op.create_index(op.f("ix_follows_seller_id"), "follows", ["seller_id"])
    op.create_index(op.f("ix_follows_created_at"), "follows", ["created_at"])
    op.create_table(
        "follow_digests",
        _id("user_id"),
        sa.Column("wanted", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        _moment("seen_until"),
        _moment("next_at"),
        _reference("follow_digests", "user_id", "users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_follow_digests")),
    )
    op.create_index(op.f("ix_follow_digests_next_at"), "follow_digests", ["next_at"])


def _collections() -> None:
    op.create_table(
        "collections",
        _id("id"),
        _id("owner_id"),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("slug", sa.String(length=70), nullable=False),
        sa.Column("about", sa.String(length=300), server_default="", nullable=False),
        sa.Column("public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _created_at(),
        _reference("collections", "owner_id", "users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("owner_id", "slug", name=op.f("uq_collections_owner_id_slug")),
    )
    op.create_index(op.f("ix_collections_created_at"), "collections", ["created_at"])
    op.create_table(
        "collection_items",
        _id("collection_id"),
        _id("listing_id"),
        _created_at(),
        _reference("collection_items", "collection_id", "collections", ondelete="CASCADE"),
        _reference("collection_items", "listing_id", "listings", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("collection_id", "listing_id", name=op.f("pk_collection_items")),
    )
    op.create_index(op.f("ix_collection_items_listing_id"), "collection_items", ["listing_id"])
    op.create_index(op.f("ix_collection_items_created_at"), "collection_items", ["created_at"])


def _saved_searches() -> None:
    op.create_table(
        "saved_searches",
        _id("id"),
        _id("user_id"),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _moment("seen_until"),
        _moment("next_at"),
        _moment("mailed_at", nullable=True),
        _created_at(),
        _reference("saved_searches", "user_id", "users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("user_id", "address", name=op.f("uq_saved_searches_user_id_address")),
    )
    op.create_index(op.f("ix_saved_searches_next_at"), "saved_searches", ["next_at"])
    op.create_index(op.f("ix_saved_searches_created_at"), "saved_searches", ["created_at"])


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=13), nullable=False)


def _moment(name: str, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _created_at() -> sa.Column[sa.DateTime]:
    return sa.Column(
        "created_at",
        sa.DateTime(timezone=True),
        server_default=sa.text("clock_timestamp()"),
        nullable=False,
    )


def _reference(
    table: str, column: str, other: str, key: str = "id", ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.{key}"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )
