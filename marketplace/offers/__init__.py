"""What sellers offer below their listings' prices: timed sales, discount codes, their own link."""
