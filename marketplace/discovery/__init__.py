"""What anyone may see: the home page, browsing, listings, sellers, and the health checks."""
