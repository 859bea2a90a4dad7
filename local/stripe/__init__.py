"""A local stand-in for the part of Stripe that Bracket uses, spoken to by the real library.

It keeps its state in SQLite, serves the hosted pages, delivers signed webhooks and moves no money.
What it checks, and what only Stripe's own sandbox can tell, is written in `docs/payments.md`.
"""
