"""Sentences as vectors: what texts mean, for search and for telling prompts that say the same."""
