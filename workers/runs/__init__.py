"""One run from claim to case: evidence, looks at samples, the decision, the end."""
