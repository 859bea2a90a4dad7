"""Calibrates the verdict on the house model: what authentic and forged samples measure.

`python -m bench.verify --help` says how; docs/verification.md says why.
"""
