"""Preflight: the seller sees the evidence before the moderator does, without submitting."""
