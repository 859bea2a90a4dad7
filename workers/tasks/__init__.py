"""Thin tasks: claim a row (short transaction), work without one, record (short transaction)."""
