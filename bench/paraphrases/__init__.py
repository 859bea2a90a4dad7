"""Prompts that say the same in other words: how many meaning finds, and whom it accuses wrongly."""
