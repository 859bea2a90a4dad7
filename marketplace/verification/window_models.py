"""Table of what the copy search keeps of a sample beside its fingerprint."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import CreatedAt
from marketplace.core.database import Base
from marketplace.core.ids import ID_LENGTH


class SampleWindows(Base):
    """Hashes of a sample's parts and its keypoints; about 8 kB. Written by a worker."""

    __tablename__ = "sample_windows"

    sample_id: Mapped[str] = mapped_column(
        String(ID_LENGTH), ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int]
    """Of both definitions; rows of another version are hashed anew."""
    windows: Mapped[bytes] = mapped_column(LargeBinary)
    """51 hashes of 64 bits, then 51 of 256 (workers.fingerprints.windows.pack)."""
    keypoints: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    """At most 160 keypoints of 36 bytes, strongest first (workers.fingerprints.features.pack)."""
    created_at: Mapped[CreatedAt]
