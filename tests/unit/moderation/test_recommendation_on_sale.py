"""The machine's advice on what is on sale: pure."""

from __future__ import annotations

from marketplace.moderation.complaints.models import REASON_TEXTS, Reason
from marketplace.moderation.recommendation import Advice
from marketplace.moderation.recommendation_on_sale import recommend_on_sale
from marketplace.moderation.states import ReasonCode


def test_what_people_say_is_counted_and_looked_at() -> None:
    advice = recommend_on_sale([Reason.SPAM, Reason.COPIED, Reason.COPIED], [], [])
    assert (advice.advice, advice.code) == (Advice.LOOK, ReasonCode.SAMPLE_STOLEN)
    assert advice.reasons[0] == f"2 people say: “{REASON_TEXTS[Reason.COPIED]}”."
    assert advice.reasons[1].startswith("1 person says")


def test_a_banned_picture_weighs_more_than_anything() -> None:
    advice = recommend_on_sale([Reason.SPAM], ["Close."], [("SEXUAL", "Sample 1 is banned.")])
    assert (advice.advice, advice.code) == (Advice.REJECT, ReasonCode.SEXUAL)
    assert advice.reasons[0] == "Sample 1 is banned."
    assert advice.reasons[-1] == "Run again after its model changed. Close."


def test_a_question_alone_suggests_no_reason_and_nothing_at_all_suggests_to_keep_it() -> None:
    assert recommend_on_sale([], ["Close."], []).code is None
    assert recommend_on_sale([Reason.OTHER], [], []).code is None
    assert recommend_on_sale([], [], []).advice is Advice.APPROVE
