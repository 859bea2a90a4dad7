"""Fingerprints of images for the copy search, around the hashes of marketplace.images.hashes."""
