"""What sellers offer: listings, their immutable versions and samples."""
