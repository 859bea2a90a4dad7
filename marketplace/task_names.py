"""Every background job by name. The web names jobs; only workers/ holds their code."""

from enum import StrEnum


class TaskName(StrEnum):
    """Names of Celery tasks; tests check that workers register each one."""

    VERIFY_LISTING = "verification.run"
    SEND_MAIL = "mail.send"
    PROCESS_STRIPE_EVENT = "payments.process_event"
    SETTLE_ORDER = "payments.settle_order"
    TRANSFER_LINE = "payments.transfer_line"
    SUBMIT_REFUND = "payments.submit_refund"
    REVERSE_TRANSFER = "payments.reverse_transfer"
    SYNC_DISPUTE = "payments.sync_dispute"
    SUBMIT_EVIDENCE = "payments.submit_evidence"
    RECONCILE = "payments.reconcile"
    FETCH_EVENTS = "payments.fetch_events"
    CHECK_SELLER_ACCOUNT = "payouts.check_account"
    APPLY_PAYOUT_SCHEDULE = "payouts.apply_schedule"
    CONSIDER_PAYOUT = "payouts.consider"
    MAKE_PAYOUT = "payouts.make"
    WATCH_PAYOUTS = "payouts.watch"
    UPDATE_SEARCH = "search.update"
    MEASURE_DEMAND = "search.measure_demand"
    SWEEP_VERIFICATION = "sweep.verification"
    SWEEP_CACHE = "sweep.generation_cache"
    MEASURE_CONSISTENCY = "consistency.run"
    CHECK_POLICY = "policy.check"
    CHECK_PREFLIGHT = "preflight.check"
    TAKE_IN_BULK = "bulk.take_in"
    SWEEP_BULK = "sweep.bulk"
    SWEEP_CONSISTENCY = "sweep.consistency"
    SWEEP_POLICY = "sweep.policy"
    SETTLE_DECISION = "moderation.settle"
    SEARCH_BANNED = "moderation.search_banned"
    SWEEP_DECISIONS = "sweep.decisions"
    SWEEP_DESK = "sweep.desk"
    SWEEP_PROOFS = "sweep.proofs"
    SWEEP_MODELS = "sweep.models"
    SWEEP_CHANGES = "sweep.model_changes"
    SWEEP_MAIL = "sweep.mail"
    SWEEP_PAYMENTS = "sweep.payments"
    SWEEP_PAYOUTS = "sweep.payouts"
    SWEEP_RECEIPTS = "sweep.receipts"
    SWEEP_OFFERS = "sweep.offers"
    SWEEP_NEWS = "sweep.news"
    SWEEP_COUNTS = "sweep.counts"
    TIDY_COUNTS = "tidy.counts"


class QueueName(StrEnum):
    """Queue classes; one worker process group serves each."""

    DEFAULT = "default"
    DIFFUSERS = "engine.diffusers"
    OPENAI = "engine.openai"
    EVIDENCE = "evidence"
    """Runs without a re-run: samples are fingerprinted and searched for, no model is loaded."""


QUEUE_OF_TASK: dict[TaskName, QueueName] = {
    TaskName.VERIFY_LISTING: QueueName.DIFFUSERS,
    TaskName.MEASURE_CONSISTENCY: QueueName.DIFFUSERS,
}
"""Tasks that load a model; everything else runs on the default queue."""

_QUEUE_OF_ENGINE = {"diffusers": QueueName.DIFFUSERS, "openai": QueueName.OPENAI}


def queue_of_engine(engine: str) -> str:
    """The queue of a target model's engine: one for each kind, "none" being no engine at all."""
    if engine == "none":
        return QueueName.EVIDENCE.value
    known = _QUEUE_OF_ENGINE.get(engine)
    return known.value if known else f"engine.{engine}"
