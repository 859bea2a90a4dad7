"""Buying: orders, their settlement, entitlements and the ledger."""
