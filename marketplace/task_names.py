"""Every background job by name. The web names jobs; only workers/ holds their code."""

from enum import StrEnum


class TaskName(StrEnum):
    """Names of Celery tasks; tests check that workers register each one."""

    VERIFY_LISTING = "verification.run"
    SEND_MAIL = "mail.send"
    PROCESS_STRIPE_EVENT = "payments.process_event"
    SETTLE_ORDER = "payments.settle_order"
    TRANSFER_LINE = "payments.transfer_line"
    SWEEP_VERIFICATION = "sweep.verification"
    SWEEP_PROOFS = "sweep.proofs"
    SWEEP_MAIL = "sweep.mail"
    SWEEP_PAYMENTS = "sweep.payments"


class QueueName(StrEnum):
    """Queue classes; one worker process group serves each."""

    DEFAULT = "default"
    DIFFUSERS = "engine.diffusers"


QUEUE_OF_TASK: dict[TaskName, QueueName] = {TaskName.VERIFY_LISTING: QueueName.DIFFUSERS}
"""Tasks that load a model; everything else runs on the default queue."""
