"""Perceptual hashes of images. Only this package imports pdqhash."""
