"""All tables and all blueprints, for the factory and for the migrations."""

from __future__ import annotations

from marketplace.accounts import models as accounts_models
from marketplace.community import models as community_models
from marketplace.core.database import Base
from marketplace.insights import models as insights_models
from marketplace.listings import models as listings_models
from marketplace.listings.bulk import models as bulk_models
from marketplace.listings.wizard import models as wizard_models
from marketplace.moderation import models as moderation_models
from marketplace.moderation.appeals import models as appeal_models
from marketplace.moderation.complaints import models as complaint_models
from marketplace.moderation.decisions import models as decision_models
from marketplace.moderation.quality import models as quality_models
from marketplace.moderation.standing import models as standing_models
from marketplace.offers import models as offers_models
from marketplace.orders import (
    books_models,
    cart_models,
    dispute_models,
    receipt_models,
    refund_models,
    transfer_models,
)
from marketplace.orders import models as orders_models
from marketplace.orders.desk import models as desk_models
from marketplace.payouts import models as payouts_models
from marketplace.screening import models as screening_models
from marketplace.search import models as search_models
from marketplace.stripe_events import models as stripe_events_models
from marketplace.verification import corpus_models as verification_corpus_models
from marketplace.verification import models as verification_models
from marketplace.verification import proof_models
from marketplace.verification import spend_models as verification_spend_models
from marketplace.verification import window_models as verification_window_models
from marketplace.verification.changes import models as changes_models
from marketplace.verification.consistency import models as consistency_models
from marketplace.verification.preflight import models as preflight_models

MODEL_MODULES = (
    accounts_models,
    listings_models,
    wizard_models,
    bulk_models,
    verification_models,
    verification_corpus_models,
    proof_models,
    consistency_models,
    preflight_models,
    changes_models,
    verification_spend_models,
    verification_window_models,
    screening_models,
    moderation_models,
    complaint_models,
    decision_models,
    appeal_models,
    standing_models,
    quality_models,
    offers_models,
    orders_models,
    refund_models,
    transfer_models,
    dispute_models,
    books_models,
    desk_models,
    payouts_models,
    cart_models,
    receipt_models,
    stripe_events_models,
    search_models,
    community_models,
    insights_models,
)
METADATA = Base.metadata
