"""Proof: runs of a listing's prompt on its target model, measured against the samples."""
