"""The outside world: one module per system, a Protocol first, then its implementations."""
