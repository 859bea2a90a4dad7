"""What can go wrong with a run, seen from the worker that holds it."""


class LeaseLostError(Exception):
    """Another worker took the run over: whatever this one has must be thrown away."""
