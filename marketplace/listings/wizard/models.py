"""Tables of what was typed in the wizard: as it stands, and as it stood at each save."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import Moment, RefId, Sealed
from marketplace.core.database import Base


class WizardDraft(Base):
    """Everything typed for a listing, right or wrong, finished or not.

    The listing's own columns follow it as far as it is acceptable (see following.py). It goes when
    the listing is submitted, or is written some other way.
    """

    __tablename__ = "listing_drafts"

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(default=1)
    """Counts saves that changed something; a page says which one it was made from."""
    typed_sealed: Mapped[Sealed] = mapped_column(LargeBinary)
    """JSON of input name to text, encrypted by core.vault: the prompt is in it."""
    step: Mapped[str] = mapped_column(String(20))
    """Where its seller was last."""
    updated_at: Mapped[Moment] = mapped_column(server_default=func.clock_timestamp())


class WizardSave(Base):
    """What stood at one revision, so that two tabs can be told apart from one that is late."""

    __tablename__ = "listing_draft_saves"

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listing_drafts.listing_id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(primary_key=True)
    typed_sealed: Mapped[Sealed] = mapped_column(LargeBinary)
