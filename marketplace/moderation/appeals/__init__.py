"""Appeals: a seller objects to a decision, and another moderator answers within a deadline."""
