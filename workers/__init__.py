"""Background work: tasks, target models, fingerprints. Imports marketplace, never vice versa."""
