"""The verbs of listings, gathered for the other features: what can be done to one."""

from marketplace.listings.checks import DraftContents, Problem, SubmissionError
from marketplace.listings.drafting import create_draft, revise
from marketplace.listings.lifecycle import (
    cancel_verification,
    finish_verification,
    publish,
    reject,
    relist,
    retire,
    retire_listings,
    submit,
    withdraw,
)
from marketplace.listings.pictures import store_derivatives, store_original
from marketplace.listings.samples import add_sample, change_sample, remove_sample
from marketplace.listings.taking_down import reconsider, restore, take_down

__all__ = [
    "DraftContents",
    "Problem",
    "SubmissionError",
    "add_sample",
    "cancel_verification",
    "change_sample",
    "create_draft",
    "finish_verification",
    "publish",
    "reconsider",
    "reject",
    "relist",
    "remove_sample",
    "restore",
    "retire",
    "retire_listings",
    "revise",
    "store_derivatives",
    "store_original",
    "submit",
    "take_down",
    "withdraw",
]
