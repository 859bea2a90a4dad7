"""How fast the storefront is at ten thousand, a hundred thousand and a million listings."""
