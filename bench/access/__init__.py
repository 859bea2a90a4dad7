"""Whether everybody can use the pages of a running shop: axe, and a walk by keyboard alone."""
