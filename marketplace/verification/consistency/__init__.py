"""Consistency reports: what a prompt makes of values and seeds that nobody picked."""
