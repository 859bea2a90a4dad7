"""Tables of what may be searched: made from live listings, and made again from them at any time.

`documents.py` writes them. Nothing here comes from a prompt.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import Cents, HalfVector, HashBits, Id, Moment, RefId
from marketplace.core.database import Base
from marketplace.search.generated import (
    CONSISTENCY_BAND,
    FACETS,
    PRICE_BAND,
    RATING,
    RATING_BAND,
    RATING_RANK,
    cell_of,
)
from marketplace.sentences.encoder import DIMENSIONS

LOOK_DIMENSIONS = 512
"""Room for the usual image encoders; shorter vectors are filled with noughts, which changes no
distance."""


class SearchDocument(Base):
    """One live listing as search sees it: its facets, what it is sorted by, its words."""

    __tablename__ = "search_documents"
    __table_args__ = (
        # Words and facets in one index, so that both narrow the same scan.
        Index("ix_search_documents_words_facets", "words", "facets", postgresql_using="gin"),
        *(
            Index(
                f"ix_search_documents_words_level_{level}",
                "words",
                postgresql_using="gin",
                postgresql_where=text(f"level >= {level}"),
            )
            for level in (1, 2, 3)
        ),
        Index("ix_search_documents_newest", "published_at", "listing_id"),
        Index("ix_search_documents_trending", "trending", "listing_id"),
        Index("ix_search_documents_consistent", "consistency_rank", "listing_id"),
        Index("ix_search_documents_rated", "rating_rank", "listing_id"),
        Index("ix_search_documents_price_low", "price_cents", "cooling", "listing_id"),
        Index("ix_search_documents_price_high", "price_cents", "trending", "listing_id"),
        Index(
            "ix_search_documents_newcomers",
            "published_at",
            postgresql_where=text("verified AND sales < 3"),
        ),
        # All that a filtered list is gathered and sorted by: the rows themselves stay unread.
        Index(
            "ix_search_documents_cell",
            "cell",
            postgresql_include=[
                "listing_id",
                "trending",
                "cooling",
                "published_at",
                "consistency_rank",
                "rating_rank",
                "price_cents",
            ],
        ),
        Index("ix_search_documents_seller", "seller_id"),
        Index(
            "ix_search_documents_title",
            "title_key",
            postgresql_ops={"title_key": "text_pattern_ops"},
        ),
    )

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    seller_id: Mapped[RefId]
    title_key: Mapped[str] = mapped_column(Text)
    """The title as it is compared with what somebody types: search_fold(title)."""
    family: Mapped[str] = mapped_column(String(60))
    model_slug: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str] = mapped_column(String(20))
    category_slug: Mapped[str] = mapped_column(String(40))
    licence: Mapped[str] = mapped_column(String(100))
    """The model's; listings have none of their own."""
    price_cents: Mapped[Cents]
    has_variables: Mapped[bool]
    verified: Mapped[bool]
    """Reproduced by us, and its model has not changed since."""
    consistency: Mapped[int | None] = mapped_column(SmallInteger)
    """Mean adherence in the newest consistency report, in whole percent; null: not measured."""
    rating_sum: Mapped[int] = mapped_column(server_default=text("0"))
    """Stars of all its ratings together, each 1 to 5."""
    rating_count: Mapped[int] = mapped_column(server_default=text("0"))
    sales: Mapped[int]
    trending: Mapped[float]
    """Recent demand, on a scale on which everybody loses alike with time: see docs/search.md."""
    published_at: Mapped[Moment]
    level: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """Of demand, from 0: a trigger sets it with `trending`, levels.py when the bounds change."""
    words: Mapped[Any] = mapped_column(TSVECTOR, deferred=True)
    text_digest: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """SHA-256 of the public text: who embeds it knows whether it has changed."""

    price_band: Mapped[int] = mapped_column(
        SmallInteger, Computed(f"{PRICE_BAND}::smallint", persisted=True)
    )
    consistency_band: Mapped[int] = mapped_column(
        SmallInteger, Computed(f"{CONSISTENCY_BAND}::smallint", persisted=True)
    )
    rating: Mapped[float | None] = mapped_column(Computed(RATING, persisted=True))
    """Mean of its ratings; null without any."""
    rating_band: Mapped[int] = mapped_column(
        SmallInteger, Computed(f"{RATING_BAND}::smallint", persisted=True)
    )
    consistency_rank: Mapped[int] = mapped_column(
        SmallInteger, Computed("COALESCE(consistency, - 1::smallint)", persisted=True)
    )
    rating_rank: Mapped[float] = mapped_column(Computed(RATING_RANK, persisted=True))
    cooling: Mapped[float] = mapped_column(Computed("-trending", persisted=True))
    """`trending` upside down: an index whose columns all rise can be walked from a place on."""
    facets: Mapped[list[str]] = mapped_column(
        ARRAY(Text), Computed(FACETS, persisted=True), deferred=True
    )
    cell: Mapped[int] = mapped_column(
        BigInteger,
        Computed(cell_of(PRICE_BAND, CONSISTENCY_BAND, RATING_BAND), persisted=True),
    )
    """Its combination of facets as one number: cube.py knows what each stands for."""


class SearchLevel(Base):
    """A level of demand: documents at or above the bound have it, and may be found by it."""

    __tablename__ = "search_levels"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    bound: Mapped[float]
    """Of `search_documents.trending`."""


class SearchVector(Base):
    """A document's text as a sentence embedding."""

    __tablename__ = "search_vectors"
    __table_args__ = (
        Index(
            "ix_search_vectors_embedding",
            "embedding",
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "halfvec_cosine_ops"},
        ),
    )

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("search_documents.listing_id", ondelete="CASCADE"), primary_key=True
    )
    text_digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the text that was embedded."""
    embedded_by: Mapped[str] = mapped_column(String(16))
    """First digits of the SHA-256 of the encoder's weights; only equal ones may be compared."""
    embedding: Mapped[Any] = mapped_column(HalfVector(DIMENSIONS), deferred=True)


class SearchPicture(Base):
    """A picture that we made ourselves from a verified listing's prompt."""

    __tablename__ = "search_pictures"
    __table_args__ = (
        Index("ix_search_pictures_listing_id", "listing_id"),
        Index("ix_search_pictures_hash_keys", "hash_keys", postgresql_using="gin"),
        Index(
            "ix_search_pictures_look",
            "look",
            postgresql_using="hnsw",
            postgresql_ops={"look": "halfvec_l2_ops"},
        ),
    )

    id: Mapped[Id]
    """Of the sample check or consistency picture that it is."""
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("search_documents.listing_id", ondelete="CASCADE")
    )
    derivatives: Mapped[list[Any]] = mapped_column(JSONB)
    """Public pictures, as in samples.derivatives."""
    quality: Mapped[int] = mapped_column(SmallInteger)
    """PDQ's, which decides by which hash the picture is found (verification.hash_search)."""
    pdq: Mapped[bytes] = mapped_column(HashBits(256))
    dct256: Mapped[bytes] = mapped_column(HashBits(256))
    hash_keys: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """Sixteen pieces of the hash that counts; empty where the picture is too plain for hashes."""
    look: Mapped[Any | None] = mapped_column(HalfVector(LOOK_DIMENSIONS), deferred=True)
    look_by: Mapped[str | None] = mapped_column(String(40))
    """Name of the image encoder; only equal ones may be compared."""


class SearchPending(Base):
    """Something to be done for search: written with the change, deleted when it is done."""

    __tablename__ = "search_pending"
    __table_args__ = (
        CheckConstraint("kind IN ('document', 'embed', 'look')", name="kind_known"),
        Index("ix_search_pending_kind_id", "kind", "id"),
        Index("ix_search_pending_kind_subject", "kind", "subject"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(10))
    """document: build the row anew; embed: its text; look: the picture of that id."""
    subject: Mapped[RefId]
    """The listing's id, or the picture's. No foreign key: it may be gone by the time."""
    taken_until: Mapped[Moment | None]
    """A worker is computing it until then."""


class SearchWord(Base):
    """A word that some document holds: what people meant when they mistyped."""

    __tablename__ = "search_words"
    __table_args__ = (
        Index("ix_search_words_deletes", "deletes", postgresql_using="gin"),
        Index("ix_search_words_stem", "stem"),
        Index("ix_search_words_prefix", "word", postgresql_ops={"word": "text_pattern_ops"}),
    )

    word: Mapped[str] = mapped_column(Text, primary_key=True)
    stem: Mapped[str] = mapped_column(Text)
    documents: Mapped[int]
    """In how many documents, roughly: counted at a rebuild, and up to a limit in between."""
    deletes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The word with up to two letters left out (see spelling.py)."""


class SearchSeller(Base):
    """A seller who has, or had, something live: to be suggested by name."""

    __tablename__ = "search_sellers"
    __table_args__ = (
        Index(
            "ix_search_sellers_name", "name_key", postgresql_ops={"name_key": "text_pattern_ops"}
        ),
    )

    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), primary_key=True
    )
    name_key: Mapped[str] = mapped_column(Text)
    """search_fold of the display name."""


class SearchCount(Base):
    """How many documents share all their facets: kept by triggers, exact at every moment.

    Rows stay when nothing is left to count, so that readers who ask for changes miss none.
    """

    __tablename__ = "search_counts"
    __table_args__ = (Index("ix_search_counts_changed", "changed"),)

    family: Mapped[str] = mapped_column(String(60), primary_key=True)
    model_slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    tier: Mapped[str] = mapped_column(String(20), primary_key=True)
    category_slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    licence: Mapped[str] = mapped_column(String(100), primary_key=True)
    price_band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    consistency_band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    rating_band: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    has_variables: Mapped[bool] = mapped_column(primary_key=True)
    listings: Mapped[int]
    changed: Mapped[int] = mapped_column(
        BigInteger, server_default=text("((pg_current_xact_id())::text)::bigint")
    )
    """The transaction that changed it last."""
