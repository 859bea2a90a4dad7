"""Writing a listing step by step: what is typed is kept as typed, and the draft follows it."""
