"""What may be sold: the closed list of reason codes, and the checks of a listing's texts.

Pure: no database, no network; `check` gives the same findings for the same submission. Prompt
text is only read: nothing here logs or keeps it.
"""

from marketplace.policy.engine import POLICY_VERSION, check
from marketplace.policy.findings import Finding, Severity
from marketplace.policy.submission import ModelFacts, Submission, SubmissionError, read_submission

__all__ = [
    "POLICY_VERSION",
    "Finding",
    "ModelFacts",
    "Severity",
    "Submission",
    "SubmissionError",
    "check",
    "read_submission",
]
