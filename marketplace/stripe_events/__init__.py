"""Webhooks: stored first, acted on by a worker afterwards."""
