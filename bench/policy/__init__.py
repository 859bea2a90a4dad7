"""How well the policy checks find what they should, on texts written by hand."""
