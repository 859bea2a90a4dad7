"""The desk: cases with their evidence, claims and decisions."""
