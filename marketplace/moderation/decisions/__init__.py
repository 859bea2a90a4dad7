"""Decisions: immutable rows with their reasons, that take effect a moment after they are made."""
