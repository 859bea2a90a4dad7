"""Disputes as the platform sees them: reading, evidence, giving up."""

from __future__ import annotations

from typing import Any

from local.stripe import agenda, disputes
from local.stripe.behaviour import merged
from local.stripe.call import Call
from local.stripe.errors import StripeError, dangling, invalid, unsupported
from local.stripe.listing import list_of, own
from local.stripe.store import Body

LONGEST_EVIDENCE = 150_000
LONGEST_FIELD = 20_000

_AFTER_SUBMISSION = {
    "needs_response": "under_review",
    "warning_needs_response": "warning_under_review",
    "appeal_needs_response": "appeal_under_review",
}
# Stripe's sandbox decides by these texts in `uncategorized_text`.
_MAGIC = {"winning_evidence": "won", "losing_evidence": "lost"}
_FILES = frozenset(
    {
        "cancellation_policy",
        "customer_communication",
        "customer_signature",
        "duplicate_charge_documentation",
        "receipt",
        "refund_policy",
        "service_documentation",
        "shipping_documentation",
        "uncategorized_file",
    }
)


def retrieve(call: Call) -> Body:
    """`GET /v1/disputes/:id`."""
    return own(call, "dispute")


def list_disputes(call: Call) -> Body:
    """`GET /v1/disputes`, by charge or payment intent."""
    return list_of(call.world, "dispute", call.params, call.path)


def update(call: Call) -> Body:
    """`POST /v1/disputes/:id`: stage evidence or, unless `submit` is false, send it to the bank."""
    params, world = call.params, call.world
    dispute = own(call, "dispute")
    dispute["metadata"] = merged(dispute["metadata"], params.get("metadata"))
    if "intended_submission_method" in params:
        dispute["intended_submission_method"] = params["intended_submission_method"]
    if "evidence" in params or params.get("submit"):
        _take_evidence(call, dispute, params.get("evidence", {}))
    world.store.save(dispute)
    world.emit("charge.dispute.updated", dispute, origin=call.origin)
    return dispute


def _take_evidence(call: Call, dispute: Body, given: Body) -> None:
    if dispute["status"] not in _AFTER_SUBMISSION:
        raise StripeError(
            f"This dispute has a status of `{dispute['status']}`: evidence can no longer be"
            " submitted."
        )
    evidence = dispute["evidence"]
    for name, value in given.items():
        evidence[name] = _checked(call, name, value)
    texts = [value for value in evidence.values() if isinstance(value, str)]
    if sum(map(len, texts)) > LONGEST_EVIDENCE:
        raise invalid(
            f"The combined length of all evidence is above {LONGEST_EVIDENCE} characters.",
            "evidence",
        )
    details = dispute["evidence_details"]
    details["has_evidence"] = bool(texts) or evidence.get("appeal") is not None
    if call.params.get("submit", True):
        _submit(call, dispute, details)


def _submit(call: Call, dispute: Body, details: Body) -> None:
    if not details["has_evidence"]:
        raise StripeError("You must provide evidence before submitting.", param="evidence")
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    dispute["status"] = _AFTER_SUBMISSION[dispute["status"]]
    agenda.forget(call.world, dispute["id"])
    outcome = _MAGIC.get(dispute["evidence"].get("uncategorized_text") or "")
    if outcome and dispute["status"] != "warning_under_review":
        agenda.plan(call.world, 0, "dispute.decide", dispute["id"], outcome=outcome)


def _checked(call: Call, name: str, value: Any) -> Any:
    at = f"evidence[{name}]"
    if name == "enhanced_evidence":
        raise unsupported(at)
    if name == "appeal":
        return value or None
    if name in _FILES and value:
        if call.world.store.owned(value, "file", None) is None:
            raise dangling("file upload", value, at)
        return value
    if len(value) > LONGEST_FIELD:
        raise invalid(f"{at} can have up to {LONGEST_FIELD} characters.", at)
    return value or None


def close(call: Call) -> Body:
    """`POST /v1/disputes/:id/close`: give up; the dispute is lost for good."""
    dispute = own(call, "dispute")
    if dispute["status"] in disputes.CLOSED:
        raise StripeError("This dispute is already closed.")
    inquiry = dispute["status"].startswith("warning_")
    outcome = "warning_closed" if inquiry else "lost"
    return disputes.decide(call.world, dispute["id"], outcome, call.origin)
